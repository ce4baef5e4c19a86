import iconv from 'iconv-lite';

/** Text in the page's charset; what that charset cannot say becomes a character reference, as on real pages. */
export function encodeText(text: string, charset: string): Buffer {
  if (charset === 'utf-8') return Buffer.from(text, 'utf8');
  const sayable = text.replace(/\P{ASCII}/gu, (char) =>
    iconv.decode(iconv.encode(char, charset), charset) === char ? char : `&#${char.codePointAt(0)};`,
  );
  return iconv.encode(sayable, charset);
}
