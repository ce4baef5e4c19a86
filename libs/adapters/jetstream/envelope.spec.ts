import { MsgHdrsImpl } from '@nats-io/transport-node';
import { decodeEnvelope, encodeEnvelope, escapeHeader, unescapeHeader } from './envelope.js';

describe('the envelope of an event', () => {
  const envelope = {
    ...{ id: '0-abcdefgh:cmd:my "command" 100%', type: 'JobPaused', version: 3, jobId: '0-abcdefgh' },
    ...{ time: '2026-01-01T00:00:00.000Z', causationId: 'grüße', traceparent: '00-ab-cd-01', gzip: true },
  };
  const headersOf = (change: object = {}): MsgHdrsImpl =>
    MsgHdrsImpl.decode(encodeEnvelope({ ...envelope, ...change }).encode());

  it('comes back as it was written', () => {
    expect(decodeEnvelope(headersOf())).toEqual({
      ...{ id: envelope.id, type: 'JobPaused', version: 3, time: envelope.time },
      ...{ causationId: 'grüße', traceparent: '00-ab-cd-01', gzip: true },
    });
  });

  it('is CloudEvents 1.0 in binary mode, with the message id as event id', () => {
    const headers = headersOf({ subject: 'https://a.test/x?q="a b"&p=%41', expectedSeq: 7 });
    const value = (name: string): string => headers.get(name);
    expect(value('ce-specversion')).toBe('1.0');
    expect(value('ce-source')).toBe('spoor');
    expect(value('ce-type')).toBe('dev.spoor.JobPaused');
    expect(value('ce-id')).toBe(value('Nats-Msg-Id'));
    expect(value('ce-subject')).toBe('https://a.test/x?q=%22a%20b%22&p=%2541');
    expect(value('ce-correlationid')).toBe('0-abcdefgh');
    expect(value('ce-datacontenttype')).toBe('application/json');
    expect(value('Nats-Expected-Last-Subject-Sequence')).toBe('7');
  });

  it.each(['a\r\nNats-Rollup: all', '\u0000', 'a b', '"', '%', '%zz', 'ü', '😀', '\u007f'])(
    'keeps %j inside its header',
    (text) => {
      expect(escapeHeader(text)).toMatch(/^[\x21\x23-\x7e]*$/);
      expect(unescapeHeader(escapeHeader(text))).toBe(text);
    },
  );

  it('has nulls for what is missing or odd', () => {
    expect(decodeEnvelope(undefined)).toEqual({
      id: null,
      type: null,
      version: null,
      time: null,
      gzip: false,
    });
    const odd = MsgHdrsImpl.fromRecord({
      'ce-dataschema': ['http://elsewhere'],
      'Nats-Msg-Id': ['%E0%A4%A'],
    });
    expect(decodeEnvelope(odd)).toMatchObject({ version: null, id: '%E0%A4%A' });
  });
});
