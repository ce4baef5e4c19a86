import { SpoorError } from '#libs/failures';
import type { Link } from '../link.js';

/** One process's connection to the database: nothing is repeated, and an error says nothing of what has happened. */
export class Database {
  constructor(
    private readonly link: Link,
    /** ms that each statement takes more. */
    private readonly slowness: number,
  ) {}

  /** @param effect calls back with what the server answers, at once or later */
  call<T>(label: string, effect: (answer: (value: T) => void) => void): Promise<T> {
    const { life, scene } = this.link;
    const { world, chaos } = scene;
    return new Promise<T>((resolve, reject) => {
      if (!life.alive) return;
      const back = (settle: () => void): void => {
        world.after(chaos.latency() + this.slowness, life, label, settle);
      };
      const fail = (): void =>
        back(() => reject(new SpoorError('store_unavailable', `${label}: connection lost`)));
      if (chaos.databaseFails()) return fail();
      world.after(chaos.latency(), null, '', () => {
        if (!life.alive) return;
        try {
          effect((value) => (chaos.databaseFails() ? fail() : back(() => resolve(value))));
        } catch (error) {
          back(() => reject(error));
        }
      });
    });
  }

  ask<T>(label: string, query: () => T): Promise<T> {
    return this.call(label, (answer) => answer(query()));
  }

  get life(): Link['life'] {
    return this.link.life;
  }
}
