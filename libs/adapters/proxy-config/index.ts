import type { ProxyResolver } from '#libs/engine/ports';
import { genericEndpoint } from './generic.js';
import { oxylabsEndpoint } from './oxylabs.js';
import { Settings, type SettingsOptions } from './settings.js';

export type { SettingsOptions } from './settings.js';

/** Finds proxies and their credentials in the environment, .env files and the secrets file; nothing is kept. */
export function createProxyResolver(options: SettingsOptions): ProxyResolver {
  const settings = new Settings(options);
  const env = (name: string): string | undefined => settings.env(name);
  return {
    resolve: (spec, choice) =>
      spec.provider === 'oxylabs'
        ? oxylabsEndpoint(spec, choice, env)
        : genericEndpoint(spec, choice, { env, secret: (name) => settings.secret(name) }),
  };
}
