import { ReflectionService } from '@grpc/reflection';
import type { Server } from '@grpc/grpc-js';
import type { PackageDefinition } from '@grpc/proto-loader';
import type { DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Transport, type GrpcOptions } from '@nestjs/microservices';
import { HealthImplementation } from 'grpc-health-check';
import { loaderOptions, protoDir } from '#libs/adapters/hive-grpc';
import { SpoorError } from '#libs/failures';
import { MAX_MESSAGE_BYTES } from '#libs/hosting/hive';
import { tolerateMalformed } from './malformed.js';
import { requireKey } from './require-key.js';

export interface ServeOptions {
  module: DynamicModule;
  package: string;
  file: string;
  service: string;
  host: string;
  port: number;
  /** Named when the port cannot be had. */
  portVariable: string;
  key: string | null;
  reflection: boolean;
}

export interface Served {
  setServing(serving: boolean): void;
  close(): Promise<void>;
}

const MAX_STREAMS = 256;
/** For answers that are on their way when the service ends, ms. */
const FLUSH_MS = 5000;
const MAX_METADATA_BYTES = 16 * 1024;

/** One gRPC service on one port, with the standard health service beside it. @throws SpoorError invalid_request */
export async function serve(options: ServeOptions): Promise<Served> {
  const health = new HealthImplementation({ '': 'SERVING', [options.service]: 'SERVING' });
  let grpcServer: Server | null = null;
  const grpc: GrpcOptions = {
    transport: Transport.GRPC,
    options: {
      url: `${options.host.includes(':') ? `[${options.host}]` : options.host}:${options.port}`,
      package: options.package,
      protoPath: options.file,
      loader: { ...loaderOptions, includeDirs: [protoDir()] },
      maxReceiveMessageLength: MAX_MESSAGE_BYTES,
      maxSendMessageLength: MAX_MESSAGE_BYTES,
      maxMetadataSize: MAX_METADATA_BYTES,
      // Connections of callers who vanished are found, and none may ping without end.
      keepalive: { keepaliveTimeMs: 30_000, keepaliveTimeoutMs: 10_000 },
      channelOptions: {
        'grpc.max_concurrent_streams': MAX_STREAMS,
        ...(options.key === null ? {} : { interceptors: [requireKey(options.key)] }),
      },
      onLoadPackageDefinition: (definition: PackageDefinition, server: Server) => {
        tolerateMalformed(definition);
        grpcServer = server;
        health.addToServer(server);
        if (options.reflection) new ReflectionService(definition).addToServer(server);
      },
    },
  };
  const app = await NestFactory.createMicroservice<GrpcOptions>(options.module, {
    ...grpc,
    logger: ['error', 'warn'],
    abortOnError: false,
  });
  try {
    await app.listen();
  } catch (error) {
    await app.close().catch(() => undefined);
    const field = options.portVariable;
    throw new SpoorError(
      'invalid_request',
      `${options.service} cannot be served on ${options.host}:${options.port}.`,
      { field, hint: `Choose another port in ${field}, or address in SPOOR_HIVE_HOST.` },
      { cause: error },
    );
  }
  return {
    setServing: (serving) => {
      for (const name of ['', options.service]) health.setStatus(name, serving ? 'SERVING' : 'NOT_SERVING');
    },
    close: async () => {
      // Nest cuts connections, and with them large answers that are still being written.
      if (grpcServer) await flushed(grpcServer);
      await app.close();
    },
  };
}

/** Whoever only watches, as health checks may, is not waited for. */
function flushed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const late = setTimeout(resolve, FLUSH_MS);
    server.tryShutdown(() => {
      clearTimeout(late);
      resolve();
    });
  });
}
