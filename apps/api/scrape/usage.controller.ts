import { Controller, Get, Headers, Inject, Query, UseFilters } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { ScrapeError } from '#libs/failures';
import { SCRAPE_DEPS, type ScrapeApi } from '../deps.js';
import { parseQuery } from '../http/parse.js';
import { Describe } from '../schemas/openapi.js';
import { ScrapeErrorFilter } from './scrape-error-filter.js';
import type { UsageAnswer } from './schemas.js';

const HOUR_MS = 3_600_000;
const usageQuery = z
  .object({ hours: z.coerce.number().int('must be a whole number').min(1).max(2160).default(24) })
  .strict();

@ApiTags('scrape')
@Controller('api/v1')
@UseFilters(ScrapeErrorFilter)
export class UsageController {
  constructor(@Inject(SCRAPE_DEPS) private readonly scrapes: ScrapeApi) {}

  @Get('usage')
  @Describe({
    access: { scope: 'own' },
    summary: 'What the key that is sent has used, by hour, newest first',
    query: usageQuery,
    answer: 'Usage',
    error: 'ScrapeError',
    headers: [{ name: 'X-API-Key', description: 'The key whose use is asked for.' }],
  })
  async usage(
    @Headers('x-api-key') presented: string | undefined,
    @Query() query: unknown,
  ): Promise<UsageAnswer> {
    const key = presented === undefined ? null : await this.scrapes.findKey(presented);
    if (!key) throw new ScrapeError('invalid_api_key');
    const { hours } = parseQuery(usageQuery, query);
    const from = new Date(Date.now() - hours * HOUR_MS).toISOString();
    const rows = await (await this.scrapes.usage()).hours({ caller: key.keyId, from });
    return {
      keyId: key.keyId,
      tier: key.tier,
      hours: rows.map(({ hour, served, refused, bytes, refusedByCode }) => ({
        ...{ hour, served, refused, bytes, refusedByCode },
      })),
    };
  }
}
