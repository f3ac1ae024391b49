// What `import … from "filetao"` gives.
export {};
