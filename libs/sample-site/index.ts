export { startSampleSite, type SampleSite, type SampleSiteOptions, type SiteAccess } from './server.js';
export { sampleSiteTruth, type SampleSiteTruth, type TruePage } from './truth.js';
export type { Company, FinancialYear, Officer } from './companies.js';
export { sampleJob } from './sample-job.js';
