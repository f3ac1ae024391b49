// filetao completion bash | zsh | fish

import { Argument, type Command } from 'commander';

export function register(program: Command): void {
  program
    .command('completion')
    .description('Print a script that completes commands and options in your shell')
    .addArgument(new Argument('<shell>', 'Which shell').choices(['bash', 'zsh', 'fish']))
    .addHelpText(
      'after',
      `
bash: filetao completion bash > ~/.local/share/bash-completion/completions/filetao
zsh:  filetao completion zsh > ~/.filetao/completion.zsh && echo 'source ~/.filetao/completion.zsh' >> ~/.zshrc
fish: filetao completion fish > ~/.config/fish/completions/filetao.fish`,
    )
    .action(async (shell: 'bash' | 'zsh' | 'fish') => {
      const { completionScript } = await import('../completion.js');
      process.stdout.write(completionScript(program, shell));
    });
}
