import { SpoorError } from '#libs/failures';

/** @throws SpoorError invalid_request with the option: what was named is no file */
export function archiveFile(file: string, option: string): string {
  if (file !== '-' && !file.startsWith('--')) return file;
  throw new SpoorError(
    'invalid_request',
    `${option}: ${file} is no file; an archive gets its name when it is whole.`,
    {
      ...{ field: option, hint: `As in: ${option} job.tar.gz` },
    },
  );
}
