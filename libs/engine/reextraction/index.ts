export {
  Reextraction,
  type ReextractOptions,
  type ReextractReport,
  type ReextractionDeps,
} from './reextraction.js';
