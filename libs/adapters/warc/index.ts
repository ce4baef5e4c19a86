import type { WarcRecords } from '#libs/engine/ports';
import { WarcioRecords } from './warcio-records.js';

export const createWarcRecords = (): WarcRecords => new WarcioRecords();
