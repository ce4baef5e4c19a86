import { createEgress, createTargetCheck } from '#libs/adapters/egress';
import { installationSecret } from '#libs/adapters/system';
import { isLoopback } from '#libs/config';
import type { Resources, Running } from '#libs/hosting';
import { openWebhooks, type Webhooks } from '#libs/webhooks';

/** Webhooks of this engine: every process of the api can register them, and one of them delivers. */
export async function startWebhooks(resources: Resources): Promise<Webhooks & Running> {
  const { config, log, logger, holder, natsUrl } = resources;
  const { allowPrivate } = config;
  const secret = { given: config.keySecret, home: config.home, mayGenerate: isLoopback(config.host) };
  const egress = createEgress({ allowPrivate });
  const webhooks = await openWebhooks({
    ...{ natsUrl, holder, logger, lease: log.lease, sender: egress },
    installationSecret: installationSecret(secret),
    targets: createTargetCheck({ allowPrivate }),
  });
  return {
    ...webhooks,
    close: async () => {
      await webhooks.close();
      egress.close();
    },
  };
}
