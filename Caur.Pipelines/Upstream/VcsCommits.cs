using System.Collections.Concurrent;
using Caur.Pipelines.Polite;

namespace Caur.Pipelines.Upstream;

/// <summary>The newest commits of the repositories that VCS packages are built from. Within one run each is asked once, however many packages
/// share it.</summary>
internal sealed class VcsCommits(GitUpstream upstream, GitUrlRules rules)
{
    private readonly ConcurrentDictionary<(string Url, string Reference), Lazy<Task<Answer<string>>>> _asked = new();

    public Task<Answer<string>> NewestAsync(VcsSource source, CancellationToken cancellationToken)
    {
        if (source.Url is not { } url)
        {
            throw new ArgumentException("there is nothing to follow", nameof(source));
        }

        return rules.Refuse(url) is { } fault
            ? Task.FromResult(Answer<string>.Refused($"its git source is not asked: {fault}"))
            : _asked.GetOrAdd((url, source.Reference), key => new(() => upstream.NewestAsync(key.Url, key.Reference, cancellationToken))).Value;
    }
}
