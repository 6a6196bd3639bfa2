using System.Text.Json;

namespace Caur.Tests.Deploy.Grafana;

/// <summary>Compares expressions with what a farm shows to a real Prometheus.</summary>
/// <param name="server">It has read the farm.</param>
/// <param name="unseen">Selectors of series that a farm has which nothing happened to does not show: they are looked up in the reference.</param>
internal sealed class QueryCheck(PrometheusServer server, IReadOnlySet<string> unseen)
{
    private readonly Dictionary<string, IReadOnlyList<JsonElement>> _found = [];
    private IReadOnlyDictionary<string, string>? _types;

    /// <summary>Those that need not be there that were asked for and were not.</summary>
    public HashSet<string> Excused { get; } = [];

    /// <summary>What is wrong with an expression; nothing when it is right.</summary>
    /// <param name="query">It, with its variables filled in.</param>
    /// <param name="mustFind">Whether it is to find something now; a condition of an alert finds nothing on a healthy farm.</param>
    public async Task<IReadOnlyList<string>> ProblemsAsync(QueryText query, bool mustFind)
    {
        var problems = new List<string>();
        var labels = new HashSet<string>();
        var isExcused = false;
        foreach (var selector in query.Selectors)
        {
            var series = await FindAsync(selector);
            labels.UnionWith(series.SelectMany(one => one.GetProperty("metric").EnumerateObject().Select(label => label.Name)));
            if (series.Count == 0 && !unseen.Contains(selector))
            {
                problems.Add($"{selector} finds nothing");
            }
            else if (series.Count == 0)
            {
                isExcused = true;
                Excused.Add(selector);
            }
        }

        _types ??= await server.TypesAsync();
        problems.AddRange(query.Rated.Where(name => TypeOf(name) is "gauge" or "unknown").Select(name => $"{name} is a {TypeOf(name)} and has no rate"));
        if (!isExcused)
        {
            problems.AddRange(query.Labels.Where(label => !labels.Contains(label)).Select(label => $"{label} is a label of none of its series"));
        }

        if (query.HasQuantileWithoutBuckets)
        {
            problems.Add("a quantile wants buckets, with le kept: histogram_quantile(Q, sum by (le) (rate(NAME_bucket[...])))");
        }

        if (problems.Count == 0 && (await server.QueryAsync(query.Text)).Count == 0 && mustFind && !isExcused)
        {
            problems.Add("it finds nothing");
        }

        return problems;
    }

    private async Task<IReadOnlyList<JsonElement>> FindAsync(string selector) =>
        _found.TryGetValue(selector, out var known) ? known : _found[selector] = await server.QueryAsync(selector);

    /// <summary>The type of the family that a series belongs to: a counter's is told without its ending, a histogram's and a summary's parts
    /// have one of their own.</summary>
    private string TypeOf(string name) =>
        new[] { name, End(name, "_total"), End(name, "_bucket"), End(name, "_sum"), End(name, "_count") }
            .Select(family => _types!.GetValueOrDefault(family))
            .FirstOrDefault(type => type is not null) ?? "counter";

    private static string End(string name, string ending) => name.EndsWith(ending, StringComparison.Ordinal) ? name[..^ending.Length] : name;
}
