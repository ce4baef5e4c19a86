import { foldKey, makeKey, type ApiKey, type KeyRing, type Scope, type Tier } from '#libs/accounts';
import { subjects } from '#libs/events';
import { SpoorError } from '#libs/failures';
import { ConflictError, type AccountLog, type Clock, type KeyHasher } from '../ports/index.js';

export interface KeysDeps {
  log: AccountLog;
  hasher: KeyHasher;
  clock: Pick<Clock, 'now'>;
  newId: () => string;
}

export interface NewKey {
  tier: Tier;
  scopes: readonly Scope[];
  name?: string | undefined;
  /** ISO 8601. */
  expiresAt?: string | undefined;
  reason?: string | undefined;
}

/** What is done about keys; each word of it an event. */
export class Keys {
  constructor(private readonly deps: KeysDeps) {}

  /** @returns the key itself, which nobody can be told again. */
  async create({ tier, scopes, name, expiresAt, reason }: NewKey): Promise<{ key: string; keyId: string }> {
    const { hasher, log, newId } = this.deps;
    const keyId = newId();
    const key = makeKey(keyId, hasher.newSecret());
    const data = {
      ...{ keyId, hash: hasher.hash(key), tier, scopes: [...scopes] },
      ...{ name: name ?? null, expiresAt: expiresAt ?? null, ...(reason === undefined ? {} : { reason }) },
    };
    await log.append(
      {
        type: 'KeyCreated',
        id: `${keyId}:created`,
        subject: subjects.keySubject(keyId),
        time: this.now(),
        data,
      },
      0,
    );
    return { key, keyId };
  }

  /** Revoking twice is revoking. @throws SpoorError not_found */
  async revoke(keyId: string, reason?: string): Promise<void> {
    if (!/^[0-9a-z]{16}$/.test(keyId)) throw noSuchKey(keyId);
    const subject = subjects.keySubject(keyId);
    const ring: KeyRing = new Map();
    let lastSeq = 0;
    for await (const { events } of this.deps.log.read({ only: { subject } }))
      for (const event of events) {
        foldKey(ring, event);
        lastSeq = event.seq;
      }
    const key = ring.get(keyId);
    if (!key) throw noSuchKey(keyId);
    if (key.revokedAt !== null) return;
    const data = { keyId, ...(reason === undefined ? {} : { reason }) };
    try {
      await this.deps.log.append(
        { type: 'KeyRevoked', id: `${keyId}:revoked`, subject, time: this.now(), data },
        lastSeq,
      );
    } catch (error) {
      // Only another revocation can have come in between.
      if (!(error instanceof ConflictError)) throw error;
    }
  }

  async list(): Promise<ApiKey[]> {
    const ring: KeyRing = new Map();
    for await (const { events } of this.deps.log.read({ only: 'keys' }))
      for (const event of events) foldKey(ring, event);
    return [...ring.values()];
  }

  private now(): string {
    return new Date(this.deps.clock.now()).toISOString();
  }
}

const noSuchKey = (keyId: string): SpoorError =>
  new SpoorError('not_found', `There is no key ${keyId.slice(0, 40)}.`, {
    field: 'keyId',
    hint: '`spoor key ls` lists all keys.',
  });
