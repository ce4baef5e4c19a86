import { SpoorError } from '#libs/failures';

export const LAST_EVENT_ID = {
  name: 'Last-Event-ID',
  description: 'Sequence of the last event seen; a live stream goes on behind it, whatever `from` says.',
};

/** What a browser sends when it reconnects; the address it asks for is still the first one. */
export function afterLastId(header: string | undefined): number | undefined {
  if (header === undefined || header === '') return undefined;
  if (!/^\d{1,15}$/.test(header)) {
    throw new SpoorError('invalid_request', 'Last-Event-ID: must be a sequence', { field: 'Last-Event-ID' });
  }
  return Number(header) + 1;
}
