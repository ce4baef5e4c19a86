/** Names and values of a query or a form, as they came. */
export type Fields = Record<string, unknown>;

/** A field of a form that was left empty says nothing. `did` is a word to people and filters nothing. */
export const withoutBlanks = (fields: Fields): Fields =>
  Object.fromEntries(
    Object.entries(fields).filter(([name, value]) => value !== '' && value !== undefined && name !== 'did'),
  );
