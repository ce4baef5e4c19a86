import { findingCodes, findingKinds, type HealthReport } from '#libs/engine/health';
import type { CoordinatorReading, WorkerReading } from '#libs/engine/ports';
import type { Instruments } from './instruments.js';

export function readWorkers(to: Instruments, readings: WorkerReading[]): void {
  to.workerInFlight.set(readings.reduce((sum, { inFlight }) => sum + inFlight, 0));
  to.workerSlots.set(readings.reduce((sum, { slots }) => sum + slots, 0));
}

export function readCoordinators(to: Instruments, readings: CoordinatorReading[]): void {
  for (const { shard, pages, ...reading } of readings) {
    to.leading.set({ shard }, reading.leading ? 1 : 0);
    to.jobs.set({ shard }, reading.jobs);
    to.pages.set({ shard, place: 'queued' }, pages.queued);
    to.pages.set({ shard, place: 'in_flight' }, pages.inFlight);
    to.pages.set({ shard, place: 'waiting' }, pages.waiting);
    to.hostsDelayed.set({ shard }, reading.hostsDelayed);
    to.hostDelay.set({ shard }, reading.longestDelayMs / 1000);
    to.unreadable.set({ shard }, reading.unreadable);
    if (reading.position !== null) to.coordinatorSeq.set({ shard }, reading.position);
  }
}

/** Each code always has a value, so that an alert on it can tell "well" from "nobody looks". */
export function readHealth(to: Instruments, report: HealthReport | null): void {
  if (!report) return;
  const found = new Set(report.findings.map(({ code }) => code));
  for (const code of findingCodes)
    to.findings.set({ code, severity: findingKinds[code].severity }, found.has(code) ? 1 : 0);
  to.used.reset();
  for (const { shard, lastSeq, lag, lagMs, parked, allowances } of report.shards) {
    if (lastSeq !== null) to.logSeq.set({ shard }, lastSeq);
    if (lag !== null) to.lag.set({ shard }, lag);
    if (lagMs !== null) to.lagSeconds.set({ shard }, lagMs / 1000);
    to.parked.set(
      { shard },
      parked.reduce((sum, { events }) => sum + events, 0),
    );
    for (const { name, unit, used, limit } of allowances)
      to.used.set({ shard, limit: `${name} ${unit}` }, used / limit);
  }
}
