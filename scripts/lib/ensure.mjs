import { build, buildReady } from './build.mjs';
import { commandReady, linkCommand } from './command-link.mjs';
import { dependenciesReady, installDependencies } from './dependencies.mjs';
import { alone } from './lock.mjs';
import { requireNode, say } from './project.mjs';

const ready = ({ withBuild }) => dependenciesReady() && commandReady() && (!withBuild || buildReady());

/**
 * Does what is missing of the set-up, once however many processes ask; nothing and silently when all is there.
 * @throws Trouble
 */
export async function ensureSetup({ withBuild = true } = {}) {
  requireNode();
  if (ready({ withBuild })) return;
  await alone(
    async () => {
      if (!dependenciesReady()) await installDependencies();
      if (!commandReady()) linkCommand();
      if (withBuild && !buildReady()) build();
    },
    () => say('waiting for another set-up'),
  );
}
