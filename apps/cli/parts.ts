export const ROLES = ['api', 'coordinator', 'projector', 'worker', 'engine'] as const;
/** What `spoor run` takes; `engine` is several parts in one process. */
export type Role = (typeof ROLES)[number];
export type Part = Exclude<Role, 'engine'>;
