using System.Text;
using System.Text.Json;
using Caur.Pipelines.Polite;

namespace Caur.Pipelines.Aur;

/// <summary>Asks the AUR's RPC interface (version 5, <c>info</c> of several names at once), in as few requests as URLs are long.</summary>
internal sealed class AurRpc(PoliteClient client, AurOptions options)
{
    /// <summary>What the AUR says of packages. All or nothing: a part that did not come would look like packages that are not there.</summary>
    public async Task<Answer<AurSnapshot>> InfoAsync(IReadOnlyCollection<AurQuery> queries, CancellationToken cancellationToken)
    {
        var packages = new Dictionary<string, AurPackage>(StringComparer.Ordinal);
        var wanted = queries.Select(query => query.PkgBase).ToHashSet(StringComparer.Ordinal);
        foreach (var uri in Requests(options, queries.Select(query => query.Name)))
        {
            var answer = await client.GetAsync(uri, null, ReadAsync, cancellationToken);
            if (!answer.IsGiven)
            {
                return Answer<AurSnapshot>.Refused(answer.Problem);
            }

            var reply = answer.Value.Value!;
            if (reply.Results is null || reply.Type == "error")
            {
                return Answer<AurSnapshot>.Refused($"the AUR refused a request: {Shown.Short(reply.Error ?? "it gave no results")}");
            }

            foreach (var package in reply.Results.Select(record => record?.ToPackage()))
            {
                if (package is not null && wanted.Contains(package.PkgBase))
                {
                    AurMetadata.Add(packages, package);
                }
            }
        }

        return Answer<AurSnapshot>.Of(new AurSnapshot(packages, packages.Values.Select(package => package.LastModified).DefaultIfEmpty().Max(), "the AUR's RPC interface"));
    }

    /// <summary>The URLs that ask for names, each at most as long as the AUR takes them.</summary>
    internal static IEnumerable<Uri> Requests(AurOptions options, IEnumerable<string> names)
    {
        var start = new Uri(options.Rpc, "info").AbsoluteUri;
        var url = new StringBuilder();
        var count = 0;
        foreach (var name in names.Distinct(StringComparer.Ordinal))
        {
            var argument = $"arg[]={Uri.EscapeDataString(name)}";
            if (count > 0 && (count == options.MostNames || url.Length + 1 + argument.Length > options.LongestUrl))
            {
                yield return new Uri(url.ToString());
                count = 0;
            }

            if (count == 0)
            {
                url.Clear().Append(start);
            }

            url.Append(count++ == 0 ? '?' : '&').Append(argument);
        }

        if (count > 0)
        {
            yield return new Uri(url.ToString());
        }
    }

    private static async Task<AurReply> ReadAsync(Stream body, CancellationToken cancellationToken)
    {
        try
        {
            return await JsonSerializer.DeserializeAsync(body, AurJson.Default.AurReply, cancellationToken) ?? new AurReply();
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"the AUR's answer cannot be read: {error.Message}", error);
        }
    }
}
