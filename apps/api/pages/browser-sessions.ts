import type { Request, Response } from 'express';
import type { Seal } from '#libs/adapters/system';
import { RequestRefused } from '../http/request-refused.js';

const SESSION = 'spoor_session';
const FORM = 'spoor_form';
const SESSION_MS = 12 * 60 * 60 * 1000;
const READS = new Set(['GET', 'HEAD']);

function cookie(request: Request, name: string): string | undefined {
  for (const part of (request.headers.cookie ?? '').split(';')) {
    const at = part.indexOf('=');
    if (at > 0 && part.slice(0, at).trim() === name) return part.slice(at + 1).trim();
  }
  return undefined;
}

/**
 * What a browser carries: the key somebody signed in with, sealed so that nobody but this installation can read it, and a number that
 * ties forms to the browser they were made for. The server keeps nothing, so every process knows every session, and a revoked key ends
 * all of its own.
 */
export class BrowserSessions {
  constructor(
    private readonly seal: Seal,
    private readonly now: () => number = Date.now,
  ) {}

  /** The key that the browser signed in with; undefined without one. */
  keyOf(request: Request): string | undefined {
    const opened = this.seal.open(cookie(request, SESSION) ?? '');
    const [until = '', key] = opened?.split('\n') ?? [];
    return key !== undefined && Number(until) > this.now() ? key : undefined;
  }

  signIn(request: Request, response: Response, key: string): void {
    const sealed = this.seal.seal(`${this.now() + SESSION_MS}\n${key}`);
    this.set(request, response, SESSION, sealed, SESSION_MS);
  }

  signOut(request: Request, response: Response): void {
    this.set(request, response, SESSION, '', 0);
  }

  /** What a form of a page has to carry; the browser gets its number with the first page. */
  tokenFor(request: Request, response: Response): string {
    const known = cookie(request, FORM);
    const number = known !== undefined && /^[\w-]{22}$/.test(known) ? known : this.seal.random();
    if (number !== known) this.set(request, response, FORM, number, null);
    return this.seal.sign(this.bound(request, number));
  }

  /**
   * A form is taken only from a page of ours that was made for this browser.
   * @throws RequestRefused
   */
  checkForm(request: Request): void {
    if (READS.has(request.method)) return;
    const site = request.get('sec-fetch-site');
    const origin = request.get('origin');
    const isForeign =
      (site !== undefined && site !== 'same-origin') ||
      (origin !== undefined && !this.isOwn(request, origin));
    const token: unknown =
      typeof request.body === 'object' ? Reflect.get(request.body ?? {}, 'token') : undefined;
    const number = cookie(request, FORM);
    const isOurs =
      typeof token === 'string' &&
      number !== undefined &&
      this.seal.isSignature(this.bound(request, number), token);
    if (!isForeign && isOurs) return;
    const message = 'This form does not come from a page of this server, or is too old.';
    throw new RequestRefused(403, 'token', message, 'Open the page again and repeat what you did.');
  }

  private isOwn(request: Request, origin: string): boolean {
    return origin.replace(/^https?:\/\//, '') === request.headers.host;
  }

  /** A form that was made for one person is not taken from the next one at the same browser. */
  private bound(request: Request, number: string): string {
    return `${number}\n${cookie(request, SESSION) ?? ''}`;
  }

  /** @param maxAgeMs null: until the browser ends */
  private set(
    request: Request,
    response: Response,
    name: string,
    value: string,
    maxAgeMs: number | null,
  ): void {
    response.cookie(name, value, {
      ...{ httpOnly: true, sameSite: 'strict', path: '/', secure: request.secure },
      ...(maxAgeMs === null ? {} : { maxAge: maxAgeMs }),
    });
  }
}
