/** Text of a site as it may stand on a terminal: in one line, and without what would command the terminal. */
export const plain = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ');
