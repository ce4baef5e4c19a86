/** Text as it is recorded: white space as one blank, nothing that JSON columns or terminals choke on. */
export function cleanText(text: string): string {
  const plain = text.replace(/\s+/g, ' ').trim();
  // Whatever storage cannot hold: NUL, and halves of surrogate pairs.
  return /\0|\p{Surrogate}/u.test(plain) ? plain.replace(/\0|\p{Surrogate}/gu, '\ufffd') : plain;
}

const MAX_HEADING = 2000;

/** A title or heading: the beginning is enough, and a hostile page may send megabytes. */
export function heading(text: string): string | null {
  const clean = cleanText(text.slice(0, MAX_HEADING * 4));
  return cleanText(clean.slice(0, MAX_HEADING)) || null;
}
