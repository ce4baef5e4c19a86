import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { SpoorError } from '#libs/failures';
import { redeliverInput, webhookInput, type Webhooks } from '#libs/webhooks';
import { API_DEPS, type ApiDeps } from '../deps.js';
import { parseInput, parseQuery } from '../http/parse.js';
import { Describe } from '../schemas/openapi.js';
import { deliveriesQuery, noQuery } from '../schemas/queries.js';

@ApiTags('webhooks')
@Controller('api/webhooks')
export class WebhooksController {
  constructor(@Inject(API_DEPS) private readonly deps: ApiDeps) {}

  private get webhooks(): Webhooks {
    if (this.deps.webhooks) return this.deps.webhooks;
    throw new SpoorError('not_found', 'This process has no webhooks.');
  }

  @Post()
  @HttpCode(201)
  @Describe({
    summary:
      'Have events delivered to a URL, signed after Standard Webhooks; the secret is shown here and never again',
    ...{ body: 'Webhook', status: 201, answer: 'WebhookCreated', query: noQuery },
  })
  register(@Body() body: unknown, @Query() query: unknown) {
    parseQuery(noQuery, query);
    return this.webhooks.register(parseInput(webhookInput, body, 'field'));
  }

  @Get()
  @Describe({ summary: 'All webhooks', answer: 'Webhooks', query: noQuery })
  async list(@Query() query: unknown) {
    parseQuery(noQuery, query);
    return { items: await this.webhooks.list() };
  }

  @Get(':id')
  @Describe({ summary: 'One webhook', params: ['id'], answer: 'WebhookAnswer', query: noQuery })
  get(@Param('id') id: string, @Query() query: unknown) {
    parseQuery(noQuery, query);
    return this.webhooks.get(id);
  }

  @Delete(':id')
  @Describe({ summary: 'End a webhook', params: ['id'], answer: 'WebhookAnswer', query: noQuery })
  async remove(@Param('id') id: string, @Query() query: unknown) {
    parseQuery(noQuery, query);
    const webhook = await this.webhooks.get(id);
    await this.webhooks.remove(id);
    return webhook;
  }

  @Post(':id/redeliver')
  @HttpCode(200)
  @Describe({
    summary:
      'Deliver again from a sequence of a shard on; or, without one, try at once what waits, also of a webhook that was disabled',
    ...{ params: ['id'], body: 'Redeliver', answer: 'WebhookAnswer', query: noQuery },
  })
  redeliver(@Param('id') id: string, @Body() body: unknown, @Query() query: unknown) {
    parseQuery(noQuery, query);
    return this.webhooks.redeliver(id, parseInput(redeliverInput, body, 'field'));
  }

  @Post(':id/test')
  @HttpCode(200)
  @Describe({
    summary: 'Send one message of type spoor.test now, and say how it was answered',
    ...{ params: ['id'], answer: 'Delivery', query: noQuery },
  })
  test(@Param('id') id: string, @Query() query: unknown) {
    parseQuery(noQuery, query);
    return this.webhooks.test(id);
  }

  @Get(':id/deliveries')
  @Describe({
    summary: 'The last tries with their answers, newest first; 500 are kept for thirty days',
    ...{ params: ['id'], answer: 'Deliveries', query: deliveriesQuery },
  })
  async deliveries(@Param('id') id: string, @Query() query: unknown) {
    const { limit } = parseQuery(deliveriesQuery, query);
    return { items: await this.webhooks.deliveries(id, limit) };
  }
}
