import { z } from 'zod';
import { jobSpec } from '#libs/events';
import { failures } from '#libs/failures';
import { delivery, redeliverInput, webhookCreated, webhookInput, webhookView } from '#libs/webhooks';
import { monitoringAnswers, monitoringInputs } from '../monitoring/schemas.js';
import { scrapeAnswers, scrapeInputs } from '../scrape/schemas.js';
import {
  commandAnswer,
  commandBody,
  forkAnswer,
  resumeAnswer,
  resumeBody,
  retryAnswer,
} from './command-answers.js';
import { eventsAnswer } from './event-answers.js';
import { healthAnswer, liveAnswer, readyAnswer } from './health-answers.js';
import { forkBody } from './history-answers.js';
import { explanation, jobDiff, jobProof, jobStateAt } from './job-answers.js';
import { jobAnswer, jobRow } from './job-rows.js';
import { retryBody } from './page-answers.js';
import { evidenceRow, itemRow, pageAnswer, pageRow } from './page-rows.js';
import { pageOf } from './parts.js';
import { projectionsAnswer, replayedRow, rowDifferences, verification } from './projection-answers.js';

const errorAnswer = z.object({
  error: z.object({
    code: z.enum(Object.keys(failures)),
    message: z.string(),
    hint: z.string(),
    field: z.string().optional(),
    issues: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
    requestId: z.string().optional(),
  }),
});

const fieldRule = jobSpec.shape.stages.unwrap().element.shape.fields.unwrap().valueType;

/** What requests carry, by its name in the OpenAPI document. */
export const inputSchemas = {
  JobSpec: jobSpec,
  FieldRule: fieldRule,
  Command: commandBody,
  Resume: resumeBody,
  Retry: retryBody,
  Fork: forkBody,
  Webhook: webhookInput,
  Redeliver: redeliverInput,
  ...monitoringInputs,
  ...scrapeInputs,
};

/** What answers carry, by its name in the OpenAPI document. */
export const answerSchemas = {
  Error: errorAnswer,
  WebhookCreated: webhookCreated,
  WebhookAnswer: webhookView,
  Webhooks: z.object({ items: z.array(webhookView) }),
  Delivery: delivery,
  Deliveries: z.object({ items: z.array(delivery) }),
  CommandAnswer: commandAnswer,
  Projections: projectionsAnswer,
  Verification: verification,
  ReplayedRow: replayedRow,
  RowDifferences: rowDifferences,
  ResumeAnswer: resumeAnswer,
  RetryAnswer: retryAnswer,
  ForkAnswer: forkAnswer,
  Job: jobAnswer,
  Jobs: pageOf(jobRow),
  Page: pageAnswer,
  Pages: pageOf(pageRow),
  Items: pageOf(itemRow),
  EvidencePage: pageOf(evidenceRow),
  Events: eventsAnswer,
  JobExplanation: explanation,
  JobState: jobStateAt,
  JobDiff: jobDiff,
  JobProof: jobProof,
  Health: healthAnswer,
  Live: liveAnswer,
  Ready: readyAnswer,
  ...monitoringAnswers,
  ...scrapeAnswers,
  FieldRule: fieldRule,
};
