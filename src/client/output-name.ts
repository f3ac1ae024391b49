// The name a retrieved file gets when the user gives none: the one it was put under, if that is a plain file
// name on any system, else its CID. Names come from record files and are not trusted: no folders, no "..",
// nothing a terminal or a file system would take for something else.

const reserved = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;
const bytesMax = 240;

export function outputName(name: string | null, cid: string): string {
  return name !== null && isPlainName(name) ? name : cid;
}

export function isPlainName(name: string): boolean {
  return (
    name !== '' &&
    name !== '.' &&
    name !== '..' &&
    !/[/\\:*?"<>|\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u.test(name) &&
    !/^[-~]|[. ]$/.test(name) &&
    !reserved.test(name) &&
    // room for ".part" and ".lock" within the usual 255
    new TextEncoder().encode(name).length <= bytesMax
  );
}
