import { getMetadataArgsStorage } from 'typeorm';
import { TABLE_NAMES, TABLES } from '#libs/read-models';
import { entities } from './entities/index.js';

test.each(TABLE_NAMES)(
  'given the table %s, then a replay knows its rows by the key that Postgres knows them by',
  (name) => {
    const storage = getMetadataArgsStorage();
    const target = storage.tables.find((table) => table.name === name)!.target;
    expect(entities).toContain(target);
    const key = storage.columns.filter((column) => column.target === target && column.options.primary);
    expect(key.map(({ propertyName }) => propertyName)).toEqual([...TABLES[name]]);
  },
);
