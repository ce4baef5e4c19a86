import type { Notice } from '#libs/pages';

/** What is said after a command, by the word in the address: never anything that came with the address itself. */
export const DID = {
  start: { kind: 'good', title: 'Started.' },
  resume: {
    kind: 'good',
    title: 'Resumed.',
    text: 'It goes on behind what is done; nothing is fetched again.',
  },
  pause: { kind: 'good', title: 'Paused.', text: 'What is in flight finishes.' },
  stop: { kind: 'good', title: 'Stopped.', text: 'What was in flight stays open.' },
  restart: { kind: 'good', title: 'Restarted.', text: 'Every page is fetched again, as a new generation.' },
  retry: { kind: 'good', title: 'Asked for again.', text: 'The pages are open, with all their attempts.' },
} as const satisfies Record<string, Notice>;

export const isDid = (word: unknown): word is keyof typeof DID =>
  typeof word === 'string' && Object.hasOwn(DID, word);
