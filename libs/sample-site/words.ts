const words = (text: string): string[] => text.split(' ');

export const CORES = words(
  'Alder Amber Anvil Arbor Aster Aurora Basalt Beacon Birch Bramble Bright Cedar Cinder Cobalt Copper Coral Crest Delta ' +
    'Drift Ember Fathom Fennel Flint Garnet Glacier Granite Grove Harbor Hazel Heron Indigo Ivory Juniper Kestrel Lantern ' +
    'Larch Linden Lumen Marble Meadow Mistral Nimbus Onyx Opal Orchard Osprey Quarry Raven Sable Thistle',
);
export const SUFFIXES = ['Logistics', 'Foods', 'Instruments', 'Energy', 'Textiles', 'Software'];
export const SECTORS = words(
  'agriculture chemicals construction electronics energy finance health logistics software textiles',
);
export const CITIES = words(
  'Aarhus Bergen Bilbao Bremen Cork Ghent Graz Lyon Malmo Nantes Porto Split Tartu Turin Utrecht',
);
export const TAGS = words(
  'exporter family-owned listed certified supplier research-partner seasonal unionised carbon-neutral startup',
);
export const FIRST_NAMES = words(
  'Ada Bruno Carla Dmitri Elif Farid Greta Hugo Ines Jonas Katja Leo Mina Nils Olga Pavel',
);
export const LAST_NAMES = words(
  'Abel Brandt Costa Dahl Eriksen Fabre Gruber Hansen Iversen Jansen Keller Lopes Moreau Novak',
);
export const ROLES = [
  'Managing director',
  'Finance director',
  'Head of operations',
  'Chair of the board',
  'Secretary',
];

const SUBJECTS = words(
  'management production demand the-group the-board logistics procurement the-market the-workforce',
);
const VERBS = ['expects', 'reports', 'confirms', 'plans', 'has seen', 'values', 'prepares', 'reviewed'];
const OBJECTS = [
  'a steady order book for the coming quarters',
  'higher energy costs than in the year before',
  'new capacity at the main site',
  'a broader supplier base with shorter routes',
  'the integration of two smaller competitors',
  'lower inventories and fewer complaints',
  'a cautious outlook for the export business',
  'an apprenticeship scheme with local schools',
];

/** A sentence that reads like an annual report. */
export function sentence(random: { pick<T>(values: readonly T[]): T }): string {
  const subject = random.pick(SUBJECTS).replace('-', ' ');
  return `${subject.charAt(0).toUpperCase()}${subject.slice(1)} ${random.pick(VERBS)} ${random.pick(OBJECTS)}.`;
}
