/** Which node is asked: one by its name, or any of a region. */
export type NodeRoute = { node: string } | { region: string };

/**
 * `nobody` listens there; `busy`: with as many pages as it takes; `silent`: it was heard and then no more, or never; `broken`: what it
 * said makes no sense.
 */
export type NodeTrouble = 'nobody' | 'busy' | 'silent' | 'broken';

/** No node has answered, for whatever reason; what was asked for may be done elsewhere. */
export class NodeUnavailableError extends Error {
  constructor(readonly trouble: NodeTrouble) {
    super(`no node has answered: ${trouble}`);
    this.name = 'NodeUnavailableError';
  }
}

/** Nodes as those see them who want something fetched elsewhere. */
export interface ScrapeNodes {
  /**
   * @param request any JSON
   * @returns what the node said, unchecked
   * @throws NodeUnavailableError; AbortError when `signal` fires
   */
  call(route: NodeRoute, request: unknown, signal: AbortSignal): Promise<unknown>;
  /** Those that answer within a moment. */
  census(): Promise<ScrapeNode[]>;
}

export interface ScrapeNode {
  id: string;
  region: string;
  /** Pages that it fetches at once, and that it fetches now. */
  slots: number;
  busy: number;
}

/** A node as it sees itself. */
export interface NodeDesk {
  /**
   * Answers requests until `close`, which lets those finish that have begun, for at most `graceMs`.
   * @param handle is given what was asked, unchecked; its signal fires when the caller is gone
   */
  serve(
    self: Omit<ScrapeNode, 'busy'>,
    handle: (request: unknown, signal: AbortSignal) => Promise<unknown>,
  ): { close(graceMs: number): Promise<void> };
}
