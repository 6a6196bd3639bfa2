using System.CommandLine;
using Caur.Contracts.Builds;

namespace Caur.Silo.Cli;

/// <summary><c>--state</c>: states of builds, comma-separated, in any case.</summary>
internal static class StateOption
{
    /// <summary>Makes one, which refuses what is no state as wrong usage.</summary>
    /// <param name="description">For the help.</param>
    /// <param name="states">Those that can be asked for.</param>
    public static Option<string?> Create(string description, IEnumerable<BuildState> states)
    {
        var known = states.Select(state => state.ToString()).ToList();
        var option = new Option<string?>("--state") { Description = description, HelpName = "STATE" };
        option.CompletionSources.Add([.. known]);
        option.Validators.Add(result =>
        {
            var names = result.Tokens.SelectMany(token => token.Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
            if (names.FirstOrDefault(name => !known.Contains(name, StringComparer.OrdinalIgnoreCase)) is { } wrong)
            {
                result.AddError($"--state is '{wrong}', and one or more of {string.Join(", ", known)} are wanted.");
            }
        });
        return option;
    }
}
