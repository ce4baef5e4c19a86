import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { getBase58Decoder } from '@solana/kit';

export const base58 = (bytes: number): string => getBase58Decoder().decode(randomBytes(bytes));

export interface Transfer {
  wallet: string;
  amount?: number;
  mint?: string;
  to?: string;
  ageSeconds?: number;
  err?: object | null;
  signer?: string;
}

interface Told {
  blockTime: number;
  transaction: { signatures: string[] };
}

/** What else the node says than what it knows. */
export type ChainMood = 'well' | 'down' | 'reset' | 'nonsense' | 'error' | 'of-another';

/** A node of the chain, of which it knows what the test has paid: `getTransaction` answers in the documented form. */
export class TestChain {
  readonly mint = base58(32);
  readonly recipient = base58(32);
  mood: ChainMood = 'well';
  url = '';
  private readonly known = new Map<string, Told>();
  private readonly server = createServer((request, response) => {
    void json(request).then((body) => {
      const { id, params } = body as { id: string; params: [string] };
      if (this.mood === 'down') return response.writeHead(503).end('down');
      if (this.mood === 'reset') return request.socket.resetAndDestroy();
      response.setHeader('content-type', 'application/json');
      if (this.mood === 'nonsense') return response.end('<html>');
      const error = { code: -32005, message: 'Node is behind by 42 slots' };
      if (this.mood === 'error') return response.end(JSON.stringify({ jsonrpc: '2.0', id, error }));
      const asked = this.mood === 'of-another' ? [...this.known.keys()].at(-1) : params[0];
      return response.end(
        JSON.stringify({ jsonrpc: '2.0', id, result: this.known.get(asked ?? '') ?? null }),
      );
    });
  });

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
    return this;
  }

  /** @returns the signature */
  pay({
    wallet,
    amount = 100,
    mint = this.mint,
    to = this.recipient,
    ageSeconds = 5,
    err = null,
    signer,
  }: Transfer) {
    const signature = base58(64);
    const balance = (owner: string, tokens: number) => ({
      ...{ accountIndex: 1, mint, owner, programId: 'TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA' },
      uiTokenAmount: {
        amount: String(tokens * 1e6),
        decimals: 6,
        uiAmount: tokens,
        uiAmountString: String(tokens),
      },
    });
    const told = {
      ...{ slot: 1, blockTime: Math.floor(Date.now() / 1000) - ageSeconds, version: 'legacy' },
      meta: {
        ...{ err, fee: 5000, innerInstructions: [], logMessages: [] },
        ...{ preBalances: [], postBalances: [], rewards: [] },
        preTokenBalances: [balance(wallet, 1000), balance(to, 7)],
        postTokenBalances: [balance(wallet, 1000 - amount), balance(to, 7 + amount)],
        status: err === null ? { Ok: null } : { Err: err },
      },
      transaction: {
        message: {
          accountKeys: [{ pubkey: signer ?? wallet, signer: true, writable: true, source: 'transaction' }],
          ...{ instructions: [], recentBlockhash: base58(32) },
        },
        signatures: [signature],
      },
    };
    this.known.set(signature, told);
    return signature;
  }

  /** As if it had been made so much earlier. */
  grow(signature: string, seconds: number): void {
    this.known.get(signature)!.blockTime -= seconds;
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}
