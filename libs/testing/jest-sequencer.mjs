import Sequencer from '@jest/test-sequencer';

/** Tiers by how long a file of theirs takes, the longest first. */
const TIERS = ['process', 'int', 'unit'];

const tierOf = ({ context }) => TIERS.indexOf(context.config.displayName?.name);

/**
 * The tests across processes before those with servers of their own, and the quick ones last: they fill what is left at the end. Jest
 * goes by the size of a file where it has not run it yet, as on a fresh clone, and the longest tests are in small files.
 */
export default class SlowTiersFirst extends Sequencer {
  sort(tests) {
    return [...super.sort(tests)].sort((a, b) => tierOf(a) - tierOf(b));
  }
}
