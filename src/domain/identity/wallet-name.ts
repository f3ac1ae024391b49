// Names of wallets and hotkeys. They are folder and file names: nothing that leaves its folder, hides, or
// means something to a shell's or system's path rules.

export const walletNameLengthMax = 100;

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
const forbidden = /[/\\:*?"<>|\u0000-\u001f\u007f]/u;

export const isWalletName = (name: string): boolean =>
  name !== '' && name.length <= walletNameLengthMax && !name.startsWith('.') && !forbidden.test(name);

export const walletNameRule = `use 1 to ${walletNameLengthMax} letters, digits, - and _`;
