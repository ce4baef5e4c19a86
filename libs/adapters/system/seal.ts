import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';

/** Hands something out that comes back unread and unchanged, or not at all. */
export interface Seal {
  /** AES-256-GCM, base64url. */
  seal(text: string): string;
  /** Null when it was not sealed here. */
  open(sealed: string): string | null;
  /** HMAC-SHA-256, base64url. */
  sign(text: string): string;
  /** Takes the same time wherever the two differ. */
  isSignature(text: string, signature: string): boolean;
  /** 128 random bits, base64url. */
  random(): string;
}

const NONCE = 12;
const TAG = 16;

/** @param secret of this installation: what one process has sealed, another one opens */
export function createSeal(secret: string): Seal {
  const keyFor = (use: string): Buffer => Buffer.from(hkdfSync('sha256', secret, '', `spoor ${use}`, 32));
  const [sealing, signing] = [keyFor('browser sessions'), keyFor('forms')];
  const sign = (text: string): Buffer => createHmac('sha256', signing).update(text).digest();
  return {
    seal(text) {
      const nonce = randomBytes(NONCE);
      const cipher = createCipheriv('aes-256-gcm', sealing, nonce);
      const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url');
    },
    open(sealed) {
      const bytes = Buffer.from(sealed, 'base64url');
      if (bytes.length < NONCE + TAG) return null;
      try {
        const decipher = createDecipheriv('aes-256-gcm', sealing, bytes.subarray(0, NONCE), {
          authTagLength: TAG,
        });
        decipher.setAuthTag(bytes.subarray(NONCE, NONCE + TAG));
        return Buffer.concat([decipher.update(bytes.subarray(NONCE + TAG)), decipher.final()]).toString(
          'utf8',
        );
      } catch {
        return null;
      }
    },
    sign: (text) => sign(text).toString('base64url'),
    isSignature(text, signature) {
      const wanted = sign(text);
      const found = Buffer.from(signature, 'base64url');
      return found.length === wanted.length && timingSafeEqual(found, wanted);
    },
    random: () => randomBytes(16).toString('base64url'),
  };
}
