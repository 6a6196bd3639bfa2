using System.Globalization;
using System.Text;
using Caur.Pipelines.Git;
using Caur.Pipelines.Upstream;

namespace Caur.Pipelines.State;

/// <summary>Who makes a commit, and when.</summary>
internal sealed record CommitIdentity(string Name, string Email, DateTimeOffset Time);

/// <summary>What the branch <c>state</c> holds.</summary>
/// <param name="Content">Its content.</param>
/// <param name="Tip">Its commit; null when it is not there.</param>
/// <param name="Recreated">Why it was not taken and begins anew, in words; null when it was taken.</param>
internal sealed record StateReading(StateContent Content, string? Tip, string? Recreated);

/// <summary>Reads and writes the branch <c>state</c> in a clone. Pushing it, with everything else of a run, is up to the caller.</summary>
internal sealed class StateBranch(GitRepository repository)
{
    /// <summary>The message of its one commit, as the templates write it.</summary>
    public const string Message = "chore(state): update state";

    /// <summary>The state at a reference; none when there is no such reference, or when it belongs to a commit that is not in the main branch's
    /// history any more.</summary>
    /// <param name="reference">The whole name: <c>refs/heads/state</c>.</param>
    /// <param name="head">The main branch's commit.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<StateReading> ReadAsync(string reference, string head, CancellationToken cancellationToken)
    {
        var tip = await repository.RunAsync(["rev-parse", "--verify", "--quiet", $"{reference}^{{commit}}"], cancellationToken);
        if (!tip.Succeeded)
        {
            return new StateReading(StateContent.None, null, "there is no branch 'state'");
        }

        var commit = tip.OutputText.Trim();
        var content = StateContent.Read(await FilesAsync(commit, cancellationToken));
        if (content.Commit is not { } of)
        {
            return new StateReading(content, commit, null);
        }

        var known = of.Length is >= 7 and <= 64 && of.All(char.IsAsciiHexDigitLower)
            && (await repository.RunAsync(["merge-base", "--is-ancestor", of, head], cancellationToken)).ExitCode == 0;
        return known
            ? new StateReading(content, commit, null)
            : new StateReading(StateContent.None with { Format = content.Format, Pending = content.Pending }, commit, "the branch 'state' belongs to a commit that is not in the history any more");
    }

    /// <summary>Writes a commit without a parent, so that the branch does not grow, and sets a reference to it.</summary>
    /// <returns>The commit.</returns>
    public async Task<string> WriteAsync(
        string reference, StateContent content, CommitIdentity identity, CancellationToken cancellationToken)
    {
        using var stream = new MemoryStream();
        void Line(string text) => stream.Write(Encoding.UTF8.GetBytes(text + "\n"));
        void Data(byte[] bytes)
        {
            Line(string.Create(CultureInfo.InvariantCulture, $"data {bytes.Length}"));
            stream.Write(bytes);
            Line("");
        }

        Line($"commit {reference}");
        Line(string.Create(
            CultureInfo.InvariantCulture,
            $"committer {Plain(identity.Name)} <{Plain(identity.Email)}> {identity.Time.ToUnixTimeSeconds()} +0000"));
        Data(Encoding.UTF8.GetBytes(Message));
        Line("deleteall");
        foreach (var (name, bytes) in content.ToFiles())
        {
            Line($"M 100644 inline {name}");
            Data(bytes);
        }

        await repository.RequireAsync(["fast-import", "--quiet", "--force", "--date-format=raw"], cancellationToken, stream.ToArray());
        return (await repository.RequireAsync(["rev-parse", "--verify", $"{reference}^{{commit}}"], cancellationToken)).OutputText.Trim();
    }

    private async Task<IReadOnlyDictionary<string, ReadOnlyMemory<byte>>> FilesAsync(string commit, CancellationToken cancellationToken)
    {
        var listed = await repository.RequireAsync(["ls-tree", "-z", commit], cancellationToken);
        var oids = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in listed.OutputText.Split('\0', StringSplitOptions.RemoveEmptyEntries))
        {
            var tab = line.IndexOf('\t', StringComparison.Ordinal);
            if (line[..tab].Split(' ') is ["100644" or "100755", "blob", var oid])
            {
                oids[line[(tab + 1)..]] = oid;
            }
        }

        var blobs = await repository.RequireAsync(["cat-file", "--batch"], cancellationToken, BatchOutput.Request(oids.Values));
        var rest = blobs.Output;
        return oids.ToDictionary(
            file => file.Key,
            file => BatchOutput.Next(ref rest) ?? throw new SourceUnavailableException($"git does not give {file.Key} of the branch 'state'"),
            StringComparer.Ordinal);
    }

    /// <summary>What git allows in a name or an address of mail.</summary>
    private static string Plain(string text)
    {
        var clean = new string([.. text.Where(c => !char.IsControl(c) && c is not ('<' or '>'))]).Trim();
        return clean.Length == 0 ? "caur" : clean;
    }
}
