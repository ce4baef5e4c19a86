// A route of Nest that does nothing but wait as long as it is told: what any endpoint of this kind costs at least.
import 'reflect-metadata';
import { Body, Controller, HttpCode, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

class Bare {
  async wait({ holdMs }) {
    const from = performance.now();
    await new Promise((resolve) => setTimeout(resolve, holdMs));
    return { content: 'A line of text. '.repeat(200), held: performance.now() - from };
  }
}
const descriptor = Object.getOwnPropertyDescriptor(Bare.prototype, 'wait');
Post('wait')(Bare.prototype, 'wait', descriptor);
HttpCode(200)(Bare.prototype, 'wait', descriptor);
Body()(Bare.prototype, 'wait', 0);
Controller()(Bare);
class BareModule {}
Module({ controllers: [Bare] })(BareModule);

const app = await NestFactory.create(BareModule, { logger: false });
await app.listen(0, '127.0.0.1');
process.send({ url: `${await app.getUrl()}/wait` });
process.on('disconnect', () => process.exit(0));
