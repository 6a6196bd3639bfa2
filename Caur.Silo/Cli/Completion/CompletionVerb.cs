using System.CommandLine;

namespace Caur.Silo.Cli.Completion;

/// <summary><c>caur completion bash|zsh</c>: prints what makes a shell complete <c>caur</c>'s command lines.</summary>
internal static class CompletionVerb
{
    private const string Description =
        """
        Prints a script that completes verbs, options, and names from the farm.

        bash: source <(caur completion bash), in ~/.bashrc, or as the file /etc/bash_completion.d/caur.
        zsh:  source <(caur completion zsh), in ~/.zshrc behind compinit, or as a file _caur in a folder of $fpath.

        Names (packages, builds, repositories, builders) come from the farm when it answers within 300 ms.
        """;

    /// <summary>bash breaks words at characters such as = and @, and wants only what follows the last of them; a word as people see it
    /// goes to the program, and what bash has already is cut from the answers.</summary>
    private const string Bash =
        """
        _caur() {
          local line word cur=${COMP_WORDS[COMP_CWORD]} typed=${COMP_LINE:0:COMP_POINT}
          local -a words
          read -ra words <<<"$typed"
          [[ $typed != *[[:space:]] ]] || words+=('')
          word=${words[${#words[@]}-1]}
          while [[ -n $cur && $word != *"$cur" ]]; do cur=${cur%?}; done
          [[ $cur != [=:@] ]] || cur=
          COMPREPLY=()
          while IFS= read -r line; do
            if [[ $line == :files ]]; then
              compopt -o filenames 2>/dev/null
              while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "${cur#*=}")
            else
              COMPREPLY+=("${line#"${word%"$cur"}"}")
            fi
          done < <("${1/#\~/$HOME}" __complete -- "${words[@]:1}" 2>/dev/null)
        }
        complete -F _caur caur

        """;

    private const string Zsh =
        """
        #compdef caur
        _caur() {
          emulate -L zsh
          local line
          local -a replies
          for line in "${(@f)$(${(Q)words[1]} __complete -- "${(@Q)words[2,CURRENT]}" 2>/dev/null)}"; do
            case $line in
              (:files) _files; return ;;
              (?*) replies+=("$line") ;;
            esac
          done
          compadd -a replies
        }
        if [[ ${funcstack[1]:-} == _caur ]]; then _caur "$@"; else compdef _caur caur; fi

        """;

    private static readonly Argument<string> Shell = new("shell") { Description = "Which.", HelpName = "bash|zsh" };

    static CompletionVerb() => Shell.AcceptOnlyFromAmong("bash", "zsh");

    public static Command Create(CliContext context)
    {
        var command = new Command("completion", Description) { Shell };
        command.SetAction(result =>
        {
            context.Out.Write((result.GetRequiredValue(Shell) == "bash" ? Bash : Zsh).ReplaceLineEndings("\n"));
            return ExitCodes.Ok;
        });
        return command;
    }
}
