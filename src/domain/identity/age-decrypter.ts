// What of age-encryption opens headers, in a file of its own that is imported with the first header to open: the library is
// 60 modules, a quarter of what `filetao status` or `store put` would load. A bundle takes no more of it than this.

export { Decrypter } from 'age-encryption';
