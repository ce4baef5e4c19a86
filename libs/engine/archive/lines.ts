/**
 * Lines of UTF-8, without their ends.
 * @throws RangeError when one is longer than `maxBytes`, which is all that is held in memory
 */
export async function* linesOf(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<string, void, undefined> {
  let parts: Buffer[] = [];
  let held = 0;
  const take = (): string => {
    const line = Buffer.concat(parts).toString('utf8');
    [parts, held] = [[], 0];
    return line;
  };
  for await (const chunk of chunks) {
    let rest = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      parts.push(rest.subarray(0, end));
      yield take();
      rest = rest.subarray(end + 1);
    }
    held += rest.length;
    if (held > maxBytes) throw new RangeError(`a line is longer than ${maxBytes} bytes`);
    parts.push(rest);
  }
  if (held > 0) yield take();
}
