using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Caur.Pipelines.Git;
using Caur.Pipelines.Reading;

namespace Caur.Pipelines.Commits;

/// <summary>What commit messages order: <c>[deploy name]</c>, as often as wanted, with one name or several, and <c>[deploy all]</c>.</summary>
/// <param name="All">The commits that order all packages.</param>
/// <param name="Names">What is ordered by name.</param>
/// <param name="NoOrders">What looks like an order and cannot be one, since no package can be called that; for people.</param>
internal sealed partial record DeployOrders(ImmutableArray<CommitMessage> All, ImmutableArray<DeployOrder> Names, ImmutableArray<string> NoOrders)
{
    private const string Everything = "all";

    /// <summary>Reads messages.</summary>
    public static DeployOrders Read(IEnumerable<CommitMessage> messages)
    {
        var all = ImmutableArray.CreateBuilder<CommitMessage>();
        var names = new List<DeployOrder>();
        var noOrders = new List<string>();
        foreach (var message in messages)
        {
            foreach (Match match in Bracket().Matches(message.Text))
            {
                var words = match.Groups[1].Value.Split([' ', '\t', ','], StringSplitOptions.RemoveEmptyEntries);
                if (words.Length == 0 || !words.All(PackageFolder.IsName))
                {
                    // "[deploy <name>]" in a text about deploying.
                    noOrders.Add($"{GitText.Clean(match.Value)} in {message.Short} is taken for no order: no package can be called that");
                    continue;
                }

                foreach (var word in words)
                {
                    if (word != Everything)
                    {
                        names.Add(new DeployOrder(word, message));
                    }
                    else if (!all.Contains(message))
                    {
                        all.Add(message);
                    }
                }
            }
        }

        return new DeployOrders(all.ToImmutable(), [.. names.Distinct()], [.. noOrders.Distinct(StringComparer.Ordinal)]);
    }

    [GeneratedRegex(@"\[deploy[ \t]([^\[\]\r\n]{0,1000})\]", RegexOptions.CultureInvariant)]
    private static partial Regex Bracket();
}

/// <summary>One name that is ordered.</summary>
/// <param name="Name">The package folder.</param>
/// <param name="By">The commit that orders it.</param>
internal sealed record DeployOrder(string Name, CommitMessage By);
