import { fetchOtherNatsServers } from '#libs/adapters/servers';
import { runDir } from './run-dir.js';

export interface NatsVersion {
  version: string;
  program: string;
}

/** One nats-server of each version that this system's archive has, oldest first; fewer where it cannot be reached. */
export async function natsVersions(): Promise<NatsVersion[]> {
  const found = await fetchOtherNatsServers(runDir());
  const number = ({ version }: NatsVersion): number => {
    const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
    return major * 1e6 + minor * 1e3 + patch;
  };
  const byVersion = new Map(found.map((one) => [one.version, one]));
  return [...byVersion.values()].sort((a, b) => number(a) - number(b));
}
