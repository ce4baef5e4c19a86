import { z } from 'zod';
import { defineEvent } from '../define.js';
import { item, pageRef } from '../shared-schemas.js';

/** Items of a page by the rules of a version, from the body that the try named here has left. */
export const ItemsReextracted = defineEvent({
  type: 'ItemsReextracted',
  family: 'page',
  bulky: ['items'],
  data: z.object({ ...pageRef, version: z.int().min(2), items: z.array(item) }),
});
