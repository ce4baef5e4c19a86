import { Body, Controller, Get, HttpCode, Inject, Post, Req, Res, UseFilters } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import type { LimitVerdict } from '#libs/engine/ports';
import type { Scraped } from '#libs/engine/scrape';
import { SCRAPE_DEPS, type ScrapeApi } from '../deps.js';
import { OpenStreams } from '../http/open-streams.js';
import { Describe } from '../schemas/openapi.js';
import { ScrapeErrorFilter } from './scrape-error-filter.js';
import { bodyOf, tellLimit } from './scrape-call.js';

/** One URL in, content or an exact error out. */
@ApiTags('scrape')
@Controller('api/v1')
@UseFilters(ScrapeErrorFilter)
export class ScrapeController {
  constructor(
    @Inject(SCRAPE_DEPS) private readonly scrapes: ScrapeApi,
    @Inject(OpenStreams) private readonly streams: OpenStreams,
  ) {}

  @Post('scrape')
  @HttpCode(200)
  @Describe({
    access: { scope: 'own' },
    summary: 'Content of one page, now: as readable text, as HTML, or as parsed JSON',
    body: 'Scrape',
    answer: 'ScrapeAnswer',
    error: 'ScrapeError',
    headers: [{ name: 'X-API-Key', description: 'A key made by `spoor key create`.' }],
  })
  async scrape(
    @Body() body: unknown,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ) {
    const { signal, done } = this.streams.signalFor(response);
    try {
      const call = {
        requestId: String(response.getHeader('x-request-id') ?? ''),
        body: bodyOf(body),
        apiKey: request.get('x-api-key'),
        address: request.ip ?? '',
      };
      const onLimit = (verdict: LimitVerdict): void => tellLimit(response, verdict);
      return answerOf(await this.scrapes.service.scrape(call, signal, onLimit));
    } finally {
      done();
    }
  }

  @Get('pricing')
  @Describe({
    access: { scope: 'own' },
    summary: 'What a scrape costs',
    answer: 'Pricing',
    error: 'ScrapeError',
  })
  pricing() {
    return this.scrapes.pricing;
  }
}

const answerOf = ({ url, format, content, route, by }: Scraped) => ({
  success: true as const,
  url,
  content: content.content,
  format,
  status_code: content.statusCode,
  timestamp: new Date().toISOString(),
  ...routeOf(route, content.nodeId),
  ...('tier' in by
    ? { api_key_used: true as const, tier: by.tier }
    : { tx_verified: true as const, watt_charged: by.watt }),
});

/** Who wanted it from elsewhere is told whether it was. */
function routeOf(route: Scraped['route'], nodeId: string | null) {
  if (route === null) return {};
  return nodeId === null ? { routed_to_node: false } : { routed_to_node: true, node_id: nodeId };
}
