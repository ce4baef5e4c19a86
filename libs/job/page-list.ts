import { OUTCOMES, type Entry, type Outcome } from './entry.js';
import { TextArena } from './text-arena.js';

/** What only few pages have to say: those that were tried in vain, or opened again. */
interface Notes {
  attempts: number;
  tries: number;
  tryRun: number;
  dueAt: number;
  requeuedInRun: number;
}

const NOTHING: Readonly<Notes> = { attempts: 0, tries: 0, tryRun: 0, dueAt: 0, requeuedInRun: 0 };
const NO_TEXT = 0xffff_ffff;

/**
 * The known pages of a job in the order of their discovery, in columns outside the heap: eleven bytes each, and the URL for as
 * long as the page is open. A million objects would take ten times as much, and most of a replay's time for the garbage collector.
 */
export class PageList {
  size = 0;
  private outcomes = new Uint8Array(64);
  private depths = new Uint32Array(64);
  private stages = new Uint16Array(64);
  private texts = new Uint32Array(64);
  private readonly stageNames: string[] = [];
  private readonly arena = new TextArena();
  /** URLs that the arena does not take. */
  private readonly odd = new Map<number, string>();
  private readonly notes = new Map<number, Notes>();

  /** Adds the page `origin + rest`, open. */
  push(origin: string, rest: string, depth: number, stage: string): number {
    const index = this.size++;
    if (index === this.outcomes.length) this.grow();
    this.depths[index] = depth;
    this.stages[index] = this.stageIndex(stage);
    this.keepUrl(index, origin, rest);
    return index;
  }

  entry(index: number): Entry {
    return new PageEntry(this, index);
  }

  isOpen(index: number): boolean {
    return this.outcomes[index] === 0;
  }

  outcome(index: number): Outcome {
    return OUTCOMES[this.outcomes[index]!]!;
  }

  /** Empty when the page has an outcome. */
  url(index: number): string {
    const place = this.texts[index]!;
    return place === NO_TEXT ? (this.odd.get(index) ?? '') : this.arena.get(place);
  }

  depth(index: number): number {
    return this.depths[index]!;
  }

  stage(index: number): string {
    return this.stageNames[this.stages[index]!]!;
  }

  lowerDepth(index: number, depth: number): void {
    if (depth < this.depths[index]! && this.isOpen(index)) this.depths[index] = depth;
  }

  notesOf(index: number): Readonly<Notes> {
    return this.notes.get(index) ?? NOTHING;
  }

  note(index: number, changed: Partial<Notes>): void {
    this.notes.set(index, { ...this.notesOf(index), ...changed });
  }

  /** What was noted of its tries goes: facts of an open page alone count, and it opens again in a later run only. */
  close(index: number, outcome: Exclude<Outcome, 'open'>): void {
    this.outcomes[index] = OUTCOMES.indexOf(outcome);
    this.dropUrl(index);
    this.notes.delete(index);
  }

  reopen(index: number, url: string): void {
    this.outcomes[index] = 0;
    this.dropUrl(index);
    this.keepUrl(index, '', url);
  }

  private keepUrl(index: number, origin: string, rest: string): void {
    const place = this.arena.add(origin, rest);
    this.texts[index] = place === -1 ? NO_TEXT : place;
    if (place === -1) this.odd.set(index, origin + rest);
  }

  private dropUrl(index: number): void {
    const place = this.texts[index]!;
    this.texts[index] = NO_TEXT;
    if (place === NO_TEXT) this.odd.delete(index);
    else this.arena.drop(place);
  }

  private stageIndex(stage: string): number {
    const found = this.stageNames.indexOf(stage);
    return found === -1 ? this.stageNames.push(stage) - 1 : found;
  }

  private grow(): void {
    const length = this.outcomes.length * 2;
    const grown = <T extends Uint8Array | Uint16Array | Uint32Array>(wider: T, old: T): T => {
      wider.set(old);
      return wider;
    };
    this.outcomes = grown(new Uint8Array(length), this.outcomes);
    this.depths = grown(new Uint32Array(length), this.depths);
    this.stages = grown(new Uint16Array(length), this.stages);
    this.texts = grown(new Uint32Array(length), this.texts);
  }
}

class PageEntry implements Entry {
  constructor(
    private readonly pages: PageList,
    readonly index: number,
  ) {}

  get url(): string {
    return this.pages.url(this.index);
  }
  get depth(): number {
    return this.pages.depth(this.index);
  }
  get stage(): string {
    return this.pages.stage(this.index);
  }
  get outcome(): Outcome {
    return this.pages.outcome(this.index);
  }
  get attempts(): number {
    return this.pages.notesOf(this.index).attempts;
  }
  get tries(): number {
    return this.pages.notesOf(this.index).tries;
  }
  get tryRun(): number {
    return this.pages.notesOf(this.index).tryRun;
  }
  get dueAt(): number {
    return this.pages.notesOf(this.index).dueAt;
  }
  get requeuedInRun(): number {
    return this.pages.notesOf(this.index).requeuedInRun;
  }
}
