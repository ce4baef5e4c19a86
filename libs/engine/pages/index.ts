export { outcomeAt, pageAttempts, type PageAttempt, type PageHistory } from './page-attempts.js';
export { explainPage, type PageExplanation } from './explain-page.js';
