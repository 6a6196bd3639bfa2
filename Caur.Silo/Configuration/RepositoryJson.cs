using System.Text.Json;
using Caur.Contracts.Ids;
using Caur.Grains.Following;

namespace Caur.Silo.Configuration;

/// <summary>Checks the three settings that are objects: source repositories, target repositories, notifiers. Their shapes are the
/// manual's, with keys of the farm's own beside them.</summary>
internal static class RepositoryJson
{
    public const string SourcesForm = """{"ID":{"url":"https://...","hold_dependants":true,"follow":true,"webhook_secret":"...","schedule":"*/30 * * * *","triggers":{"daily":"0 3 * * *"},"token":"...","aur_key":"..."}}, with webhook_secret_file, token_file and aur_key_file for secrets in files""";

    public const string TargetsForm =
        """{"NAME":{"architectures":["x86_64"],"extra_repos":[{"name":"...","servers":["..."]}],"extra_keyrings":[]}}""";

    public const string NotifiersForm = """{"SOURCE-ID":{"id":"...","token":"...","check_name":"...","kind":"gitlab","url":"https://..."}}, with token_file for a token in a file; kind and url may be left out""";

    private const string NameRule = "letters, digits and @ . _ + - are allowed, a hyphen or a dot at the start is not";

    public static void CheckSources(ConfigurationNode node, List<ConfigurationProblem> problems)
    {
        foreach (var source in Entries(node, "source repository", problems))
        {
            var members = Members(source, problems, "url", "hold_dependants", "follow", "webhook_secret", "webhook_secret_file", "schedule", "triggers", "token", "token_file", "aur_key", "aur_key_file");
            if (!members.TryGetValue("url", out var url))
            {
                problems.Add(new(source.Place, $"source repository {Shown.Text(source.Name)} has no url"));
            }
            else if (Text(url, problems) is { } address && !IsGitUrl(address))
            {
                problems.Add(new(url.Place, $"source repository {source.Name}: '{Shown.Text(address)}' is no url that git can fetch"));
            }

            foreach (var key in (string[])["hold_dependants", "follow"])
            {
                if (members.TryGetValue(key, out var flag) && flag.Kind is not (JsonValueKind.True or JsonValueKind.False))
                {
                    problems.Add(Wrong(flag, "true or false"));
                }
            }

            foreach (var key in (string[])["webhook_secret", "token", "aur_key"])
            {
                if (members.ContainsKey(key) || members.ContainsKey($"{key}_file"))
                {
                    CheckSecret($"source repository {Shown.Text(source.Name)}", key, source, members, problems);
                }
            }

            if (members.TryGetValue("schedule", out var schedule))
            {
                CheckTimes(schedule, problems);
            }

            if (members.TryGetValue("triggers", out var triggers))
            {
                foreach (var trigger in triggers.Kind == JsonValueKind.Object ? triggers.Children : [])
                {
                    if (trigger.Name.Length == 0 || trigger.Name.Any(c => char.IsControl(c) || char.IsWhiteSpace(c)))
                    {
                        problems.Add(new(trigger.Place, $"'{Shown.Text(trigger.Name)}' is no name of a trigger: a word is wanted, as CI_ON_TRIGGER has it"));
                    }

                    CheckTimes(trigger, problems);
                }

                if (triggers.Kind != JsonValueKind.Object)
                {
                    problems.Add(Wrong(triggers, "an object with a cron expression for each trigger"));
                }
            }
        }
    }

    private static void CheckTimes(ConfigurationNode node, List<ConfigurationProblem> problems)
    {
        if (Text(node, problems) is { } text && CronTimes.Problem(text) is { } problem)
        {
            problems.Add(new(node.Place, Shown.Text(problem)));
        }
    }

    public static void CheckTargets(ConfigurationNode node, List<ConfigurationProblem> problems)
    {
        foreach (var target in Entries(node, "target repository", problems))
        {
            var members = Members(target, problems, "architectures", "extra_repos", "extra_keyrings");
            if (members.TryGetValue("architectures", out var architectures))
            {
                var known = new HashSet<string>(StringComparer.Ordinal);
                foreach (var arch in Texts(architectures, problems))
                {
                    if (!known.Add(arch.Text))
                    {
                        problems.Add(new(arch.Place, $"target repository {target.Name} names the architecture '{Shown.Text(arch.Text)}' twice"));
                    }

                    if (!Names.IsValidArch(arch.Text) || arch.Text == "any")
                    {
                        problems.Add(new(arch.Place, $"target repository {target.Name} cannot be built for '{Shown.Text(arch.Text)}': an architecture as pacman names it is wanted, x86_64 for one"));
                    }
                }

                if (architectures is { Kind: JsonValueKind.Array, Children.Count: 0 })
                {
                    problems.Add(new(architectures.Place, $"target repository {target.Name} has no architecture; leave the key out for x86_64"));
                }
            }

            if (members.TryGetValue("extra_repos", out var repositories))
            {
                CheckExtraRepositories(repositories, problems);
            }

            if (members.TryGetValue("extra_keyrings", out var keyrings))
            {
                foreach (var keyring in Texts(keyrings, problems).Where(keyring => !IsWebUrl(keyring.Text)))
                {
                    problems.Add(new(keyring.Place, $"extra_keyrings: '{Shown.Text(keyring.Text)}' is no address of a keyring package"));
                }
            }
        }
    }

    public static void CheckNotifiers(ConfigurationNode node, List<ConfigurationProblem> problems)
    {
        foreach (var notifier in Entries(node, "source repository", problems))
        {
            var members = Members(notifier, problems, "id", "token", "token_file", "check_name", "kind", "url");
            foreach (var key in (string[])["id", "check_name"])
            {
                if (!members.TryGetValue(key, out var value))
                {
                    problems.Add(new(notifier.Place, $"the notifier of {Shown.Text(notifier.Name)} has no {key}"));
                }
                else if (Text(value, problems) is "")
                {
                    problems.Add(new(value.Place, $"the notifier of {Shown.Text(notifier.Name)} has an empty {key}"));
                }
            }

            if (members.TryGetValue("kind", out var kind) && Text(kind, problems) is { } word && word is not ("gitlab" or "github"))
            {
                problems.Add(new(kind.Place, $"the notifier of {Shown.Text(notifier.Name)}: kind must be gitlab or github, not '{Shown.Text(word)}'"));
            }

            if (members.TryGetValue("url", out var url) && Text(url, problems) is { } address && !IsWebUrl(address))
            {
                problems.Add(new(url.Place, $"the notifier of {Shown.Text(notifier.Name)}: '{Shown.Text(address)}' is no address of an API: http:// or https:// is wanted"));
            }

            CheckSecret($"the notifier of {Shown.Text(notifier.Name)}", "token", notifier, members, problems);
        }
    }

    /// <summary>True for what <c>git fetch</c> takes as a remote, and no option of it.</summary>
    private static bool IsGitUrl(string text) => !string.IsNullOrWhiteSpace(text) && text[0] != '-' && !text.Any(char.IsControl);

    public static bool IsWebUrl(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.Host.Length > 0;

    /// <summary>A secret that stands there or in a file.</summary>
    public static void CheckSecret(
        string who, string key, ConfigurationNode node, Dictionary<string, ConfigurationNode> members, List<ConfigurationProblem> problems)
    {
        members.TryGetValue(key, out var secret);
        members.TryGetValue($"{key}_file", out var file);
        if (secret is not null && file is not null)
        {
            problems.Add(new(file.Place, $"{who} has a {key} and a {key}_file; one of them has to go"));
        }
        else if (secret is null && file is null)
        {
            problems.Add(new(node.Place, $"{who} has no {key}"));
        }
        else if (secret is { Kind: not JsonValueKind.String } or { Text: "" })
        {
            problems.Add(new(secret.Place, $"{who}: {key} must be a text that is not empty, not {secret.KindText}"));
        }
        else if (file is not null && Text(file, problems) is { } path && SecretFile.Read(path, out var problem) is null)
        {
            problems.Add(new(file.Place, $"{who}: {key}_file {problem}"));
        }
    }

    private static void CheckExtraRepositories(ConfigurationNode list, List<ConfigurationProblem> problems)
    {
        if (list.Kind != JsonValueKind.Array)
        {
            problems.Add(Wrong(list, "a list of objects with name and servers"));
            return;
        }

        foreach (var extra in list.Children)
        {
            if (extra.Kind != JsonValueKind.Object)
            {
                problems.Add(Wrong(extra, "an object with name and servers"));
                continue;
            }

            var members = Members(extra, problems, "name", "servers");
            if (!members.TryGetValue("name", out var name))
            {
                problems.Add(new(extra.Place, "an extra repository has no name"));
            }
            else if (Text(name, problems) is { } text && !Names.IsValid(text))
            {
                problems.Add(new(name.Place, $"'{Shown.Text(text)}' is no name of a repository: {NameRule}"));
            }

            if (!members.TryGetValue("servers", out var servers) || servers is { Kind: JsonValueKind.Array, Children.Count: 0 })
            {
                problems.Add(new(extra.Place, "an extra repository has no servers"));
            }
            else
            {
                foreach (var server in Texts(servers, problems)
                    .Where(server => !server.Text.Contains("://", StringComparison.Ordinal) || server.Text.Any(c => char.IsControl(c) || c == ' ')))
                {
                    problems.Add(new(server.Place, $"'{Shown.Text(server.Text)}' is no server of a repository: https://... is one"));
                }
            }
        }
    }

    /// <summary>The members of the outer object that are objects under a valid name.</summary>
    public static IEnumerable<ConfigurationNode> Entries(ConfigurationNode node, string what, List<ConfigurationProblem> problems)
    {
        if (node.Kind != JsonValueKind.Object)
        {
            problems.Add(new(node.Place, $"must be an object with a member for each {what}, not {node.KindText}"));
            yield break;
        }

        foreach (var entry in node.Children)
        {
            if (!Names.IsValid(entry.Name))
            {
                problems.Add(new(entry.Place, $"'{Shown.Text(entry.Name)}' is no name of a {what}: {NameRule}"));
            }

            if (entry.Kind == JsonValueKind.Object)
            {
                yield return entry;
            }
            else
            {
                problems.Add(Wrong(entry, "an object"));
            }
        }
    }

    public static Dictionary<string, ConfigurationNode> Members(
        ConfigurationNode node, List<ConfigurationProblem> problems, params string[] known)
    {
        foreach (var member in node.Children.Where(member => !known.Contains(member.Name, StringComparer.Ordinal)))
        {
            problems.Add(new(member.Place, $"'{Shown.Text(member.Name)}' is no key of {Shown.Text(node.Name)}{Meant(member.Name, known)}"));
        }

        return node.Children.ToDictionary(member => member.Name, StringComparer.Ordinal);
    }

    /// <summary>What somebody who wrote an unknown key may have meant.</summary>
    public static string Meant(string key, IReadOnlyCollection<string> known) => NearestNames.Of(key, known) is { Count: > 0 } nearest
        ? $"; did you mean {string.Join(" or ", nearest)}?"
        : $"; known are {string.Join(", ", known)}";

    public static string? Text(ConfigurationNode node, List<ConfigurationProblem> problems)
    {
        if (node.Kind == JsonValueKind.String)
        {
            return node.Text;
        }

        problems.Add(Wrong(node, "a text"));
        return null;
    }

    public static IEnumerable<ConfigurationNode> Texts(ConfigurationNode node, List<ConfigurationProblem> problems)
    {
        if (node.Kind != JsonValueKind.Array)
        {
            problems.Add(Wrong(node, "a list of texts"));
            yield break;
        }

        foreach (var item in node.Children)
        {
            if (item.Kind == JsonValueKind.String)
            {
                yield return item;
            }
            else
            {
                problems.Add(new(item.Place, $"{node.Name} must be a list of texts, and {item.KindText} is in it"));
            }
        }
    }

    public static ConfigurationProblem Wrong(ConfigurationNode node, string wanted) =>
        new(node.Place, $"{(node.Name.Length > 0 ? $"{Shown.Text(node.Name)} " : "")}must be {wanted}, not {node.KindText}");
}
