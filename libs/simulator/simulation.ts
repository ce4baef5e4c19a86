import { Commander } from './commander.js';
import type { Life } from './life.js';
import { Parts } from './parts.js';
import type { FaultKind } from './profile.js';
import { Scene } from './scene.js';

/** One run: the processes on their scene, and what befalls them. */
export class Simulation {
  readonly scene: Scene;
  readonly parts: Parts;
  readonly commander: Commander;

  constructor(seed: number, tracing: boolean) {
    this.scene = new Scene(seed, tracing, (life) => this.strike(life));
    this.parts = new Parts(this.scene);
    this.commander = new Commander(this.scene, this.parts);
  }

  begin(): void {
    const { coordinators, workers, projectors } = this.scene.chaos.profile;
    for (let n = 0; n < 2; n++) this.parts.start('api');
    for (let n = 0; n < coordinators; n++) this.parts.start('coordinator');
    for (let n = 0; n < workers; n++) this.parts.start('worker');
    for (let n = 0; n < projectors; n++) this.parts.start('projector');
    for (const job of this.scene.jobs) this.commander.startJob(job);
  }

  /** Nothing bad happens from here on; whatever is stopped or cut off comes back. */
  calmDown(): void {
    const { scene } = this;
    scene.chaos.injecting = false;
    scene.chaos.downUntil = 0;
    scene.web.proxyDownUntil = 0;
    for (const life of this.parts.lives) {
      Object.assign(life, { frozenUntil: 0, cutUntil: 0 });
      if (life.alive) life.reconnect();
    }
    scene.world.note(null, 'no more faults');
  }

  private strike(life: Life): void {
    const { faults } = this.scene.chaos.profile;
    while (this.scene.chaos.injecting && life.alive && faults[0] && faults[0].step <= this.scene.world.steps)
      this.inject(faults.shift()!.kind, life);
  }

  private inject(kind: FaultKind, life: Life): void {
    const { scene } = this;
    const { world, chaos } = scene;
    const { random } = chaos;
    world.note(life, `FAULT ${kind}`);
    switch (kind) {
      case 'crash':
        return life.kill();
      case 'freeze':
        life.frozenUntil = world.time + random.skewed(100, 150_000);
        return;
      case 'cut': {
        life.cutUntil = world.time + random.skewed(50, 70_000);
        world.after(life.cutUntil - world.time, life, 'connects again', () => life.reconnect());
        return;
      }
      case 'drain':
        return this.parts.drain(life);
      case 'nats-restart': {
        chaos.downUntil = world.time + random.skewed(50, 70_000);
        world.after(chaos.downUntil - world.time, null, 'NATS is there again', () => scene.queue.restart());
        return;
      }
      case 'database-crash':
        return scene.database.crash(random);
      case 'proxy-down':
        scene.web.proxyDownUntil = world.time + random.skewed(50, 30_000);
        return;
      case 'command':
        return this.commander.command();
      case 'rebuild':
        return this.parts.rebuild();
    }
  }
}
