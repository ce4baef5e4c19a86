export { openWebhooks, type WebhookOptions, type Webhooks } from './webhooks.js';
export { delivery, redeliverInput, webhookCreated, webhookInput, webhookView } from './webhook.js';
