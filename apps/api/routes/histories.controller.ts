import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { parseMoment } from '#libs/engine';
import { API_DEPS, type ApiDeps } from '../deps.js';
import { checkJobId, parseQuery } from '../http/parse.js';
import { Describe } from '../schemas/openapi.js';
import { atQuery, diffQuery, noQuery } from '../schemas/queries.js';

/** What a job's history tells: folds of the log, exact at the moment that they name. */
@ApiTags('histories')
@Controller('api/jobs/:id')
export class HistoriesController {
  constructor(@Inject(API_DEPS) private readonly deps: ApiDeps) {}

  @Get('explain')
  @Describe({
    access: { scope: 'jobs:read', job: 'path' },
    summary:
      'Where a job stands and why: what stopped it, what failed first, what is in flight or waits, how it goes on',
    params: ['id'],
    query: noQuery,
    answer: 'JobExplanation',
  })
  explain(@Param('id') id: string, @Query() query: unknown) {
    parseQuery(noQuery, query);
    return this.deps.histories.explain(checkJobId(id));
  }

  @Get('state')
  @Describe({
    access: { scope: 'jobs:read', job: 'path' },
    summary: 'A job as it was at a sequence or a time; without `at` as it is',
    params: ['id'],
    query: atQuery,
    answer: 'JobState',
  })
  state(@Param('id') id: string, @Query() query: unknown) {
    const { at } = parseQuery(atQuery, query);
    const moment = at === undefined ? null : parseMoment(at, 'at', Date.now());
    return this.deps.histories.at(checkJobId(id), moment);
  }

  @Get('diff')
  @Describe({
    access: { scope: 'jobs:read', job: 'path' },
    summary: 'What happened to a job between two moments; without `to` up to now',
    params: ['id'],
    query: diffQuery,
    answer: 'JobDiff',
  })
  diff(@Param('id') id: string, @Query() query: unknown) {
    const { from, to } = parseQuery(diffQuery, query);
    const now = Date.now();
    const [first, last] = [
      parseMoment(from, 'from', now),
      to === undefined ? null : parseMoment(to, 'to', now),
    ];
    return this.deps.histories.diff(checkJobId(id), first, last);
  }

  @Get('proof')
  @Describe({
    access: { scope: 'jobs:read', job: 'path' },
    summary:
      'Every page accounted for once: the sums, the sets before and after each resume, and what does not hold',
    params: ['id'],
    query: noQuery,
    answer: 'JobProof',
  })
  proof(@Param('id') id: string, @Query() query: unknown) {
    parseQuery(noQuery, query);
    return this.deps.histories.proof(checkJobId(id));
  }
}
