export const ROLES = ['api', 'coordinator', 'projector', 'worker', 'engine', 'scrape-node', 'hive'] as const;
/** What `spoor run` takes; `engine` is several parts in one process, `scrape-node` and `hive` stand alone. */
export type Role = (typeof ROLES)[number];
export type Part = Exclude<Role, 'engine' | 'scrape-node' | 'hive'>;
