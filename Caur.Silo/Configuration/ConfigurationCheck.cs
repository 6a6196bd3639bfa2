using System.Text.Json;
using Caur.Contracts.Farm;
using Caur.Grains.Notifications;
using Caur.Silo.Tls;

namespace Caur.Silo.Configuration;

/// <summary>Puts file and environment together and says everything that is wrong with them at once.</summary>
internal sealed class ConfigurationCheck
{
    private readonly Func<string, string?> _variable;
    private readonly List<ConfigurationProblem> _problems = [];
    private readonly List<ConfigurationProblem> _notes = [];
    private readonly Dictionary<Setting, ConfigurationValue> _values = [];
    private readonly Dictionary<Setting, ConfigurationNode> _json = [];
    private readonly Dictionary<string, Setting> _byVariable = new(StringComparer.Ordinal);

    private ConfigurationCheck(Func<string, string?> variable) => _variable = name => variable(name) is { Length: > 0 } value ? value : null;

    /// <summary>Reads and checks. Nothing is thrown for what is wrong.</summary>
    /// <param name="file">The file that was named; null takes <c>CAUR_CONFIG</c>, the data folder's <c>caur.json</c> or the machine's.</param>
    /// <param name="variable">The environment. An empty variable counts as unset.</param>
    /// <param name="dataFolder">The data folder that an argument named; null takes the environment's, or the default.</param>
    public static ConfigurationResult Run(string? file, Func<string, string?> variable, string? dataFolder = null)
    {
        var check = new ConfigurationCheck(variable);
        return check.Run(ConfigurationFile.Find(file, dataFolder, check._variable), dataFolder);
    }

    /// <summary>The same without a file: what an environment says, or what stands for one.</summary>
    public static ConfigurationResult OfEnvironment(Func<string, string?> variable) => new ConfigurationCheck(variable).Run(null, null);

    private ConfigurationResult Run(string? path, string? dataFolder)
    {
        var inFile = path is null ? [] : ConfigurationFile.Read(path, _problems);
        foreach (var setting in SettingTable.All)
        {
            foreach (var name in setting.Variables)
            {
                _byVariable.Add(name, setting);
            }

            var node = inFile?.GetValueOrDefault(setting);
            if (node is not null)
            {
                Check(setting, new(setting, node.Text, node.Place), node);
            }

            if (InEnvironment(setting) is { } value)
            {
                if (node is not null)
                {
                    _notes.Add(new(node.Place, $"{setting.Name} is not used: {value.Place.Source} in the environment wins over the file"));
                }

                Check(setting, value, null);
            }
        }

        if (inFile is not null)
        {
            // Of a file that could not be read nobody knows what it would have set.
            Require("source_repositories", "source repository");
            Require("target_repositories", "target repository");
        }

        CheckTogether();
        CheckDataFolder(path, dataFolder);
        return new ConfigurationResult
        {
            File = path,
            Problems = _problems,
            Notes = _notes,
            Values = [.. SettingTable.All.Select(setting => _values.GetValueOrDefault(setting)).OfType<ConfigurationValue>()],
            Variable = Variable,
        };
    }

    /// <summary>A variable as the hub reads it.</summary>
    private string? Variable(string name)
    {
        if (!_byVariable.TryGetValue(name, out var setting))
        {
            return _variable(name);
        }

        // Where several variables mean the same, whoever reads them knows which wins.
        return _variable(name) ?? (name == setting.Variable && _values.TryGetValue(setting, out var value) && !IsAlias(setting, value) ? value.Text : null);
    }

    private static bool IsAlias(Setting setting, ConfigurationValue value) =>
        !value.Place.IsFile && setting.Aliases.Contains(value.Place.Source, StringComparer.Ordinal);

    private ConfigurationValue? InEnvironment(Setting setting)
    {
        ConfigurationValue? found = null;
        foreach (var name in setting.Variables.Where(name => _variable(name) is not null))
        {
            found ??= new(setting, _variable(name)!, ConfigurationPlace.Variable(name));
        }

        var fileVariable = $"{setting.Variable}_FILE";
        if (!setting.MayBeInFile || _variable(fileVariable) is not { } path)
        {
            return found;
        }

        var place = ConfigurationPlace.Variable(fileVariable);
        if (found is not null)
        {
            _problems.Add(new(place, $"{found.Place.Source} is set too; one of them has to go"));
            return found;
        }

        if (SecretFile.Read(path, out var problem) is { } secret)
        {
            return new(setting, secret, setting.Kind.IsJson ? ConfigurationPlace.File(path) : place);
        }

        _problems.Add(new(place, problem!));
        return null;
    }

    private void Check(Setting setting, ConfigurationValue value, ConfigurationNode? node)
    {
        _values[setting] = value;
        if (setting.Kind.IsJson)
        {
            CheckJson(setting, value, node is { Kind: JsonValueKind.Object } ? node : null);
        }
        else if (setting.Kind.Problem(value.Text) is { } allowed)
        {
            _problems.Add(new(value.Place, $"{setting.Name} must be {allowed}, not '{value.ShownText}'"));
        }
    }

    private void CheckJson(Setting setting, ConfigurationValue value, ConfigurationNode? node)
    {
        _json.Remove(setting);
        var wrong = new List<ConfigurationProblem>();
        node ??= ConfigurationReader.Read(value.Place, value.Text, wrong);
        if (node is { Kind: JsonValueKind.Object })
        {
            setting.Kind.Check(node, wrong);
            _json[setting] = node;
        }
        else
        {
            wrong.Add(new(node?.Place ?? value.Place, $"wanted is {setting.Kind.Allowed}{(node is null ? "" : $", not {node.KindText}")}"));
        }

        _problems.AddRange(wrong.Select(problem => problem with { Text = $"{setting.Name}: {problem.Text}" }));
    }

    private void CheckTogether()
    {
        var sources = Json("source_repositories");
        foreach (var notifier in (IEnumerable<ConfigurationNode>?)Json("notifiers")?.Children ?? [])
        {
            if (sources is not null && sources.Children.All(source => source.Name != notifier.Name))
            {
                _problems.Add(new(Value("notifiers")!.Place, $"notifiers: {Shown.Text(notifier.Name)} is no source repository"
                    + RepositoryJson.Meant(notifier.Name, [.. sources.Children.Select(source => source.Name)])));
            }
        }

        CheckNotifiers(sources);
        CheckUploads();
        CheckTls();
        if (Number("repositories.keep_generations") is { } keep && keep > (Number("repositories.most_generations") ?? 1000))
        {
            _problems.Add(new(Value("repositories.keep_generations")!.Place,
                "repositories.keep_generations must not be more than repositories.most_generations (default 1000)"));
        }
    }

    /// <summary>What depends on both the notifiers and others.</summary>
    private void CheckNotifiers(ConfigurationNode? sources)
    {
        foreach (var notifier in (IEnumerable<ConfigurationNode>?)Json("notifiers")?.Children ?? [])
        {
            var url = sources?.Children.FirstOrDefault(source => source.Name == notifier.Name) is { } source ? Member(source, "url") ?? "" : "";
            var kind = Member(notifier, "kind") switch { "github" => NotifierKind.GitHub, "gitlab" => NotifierKind.GitLab, _ => (NotifierKind?)null };
            if (ForgeAddress.KindOf(url, new NotifierOptions { Kind = kind }) == NotifierKind.GitHub
                && Member(notifier, "id") is { Length: > 0 } project && !ForgeAddress.GitHubProject().IsMatch(project))
            {
                _problems.Add(new(Value("notifiers")!.Place, $"notifiers: the notifier of {Shown.Text(notifier.Name)}: id must be owner/name, as it is for GitHub, not '{Shown.Text(project)}'"));
            }
        }

        if (Json("notifiers") is { Children.Count: > 0 } && Value("gateway.logs_url") is null)
        {
            _notes.Add(new(Value("notifiers")!.Place, "gateway.logs_url (LOGS_URL) is not set, so commit statuses have no link to the log"));
        }

        if (Value("notifications.telegram_token") is { } token && Value("notifications.telegram_chat") is null)
        {
            _notes.Add(new(token.Place, "nothing is sent to Telegram: notifications.telegram_chat (TELEGRAM_CHAT_ID) is not set"));
        }
        else if (Value("notifications.telegram_chat") is { } chat && Value("notifications.telegram_token") is null)
        {
            _notes.Add(new(chat.Place, "nothing is sent to Telegram: notifications.telegram_token (TELEGRAM_BOT_TOKEN) is not set"));
        }
    }

    private void CheckUploads()
    {
        foreach (var name in Value("upload.sftp_host") is null ? (string[])["upload.sftp_port", "upload.sftp_user"] : [])
        {
            if (Value(name) is { } alone)
            {
                _notes.Add(new(alone.Place, $"{name} is not used: upload.sftp_host (DATABASE_HOST) is not set"));
            }
        }
    }

    private void CheckTls()
    {
        if (Value("gateway.http") is { Text: TlsExtensions.Local } local && Value("gateway.repository_url") is null)
        {
            _notes.Add(new(local.Place, "gateway.repository_url (CAUR_REPOSITORY_URL) is not set, and build containers do not reach what is for this machine alone"));
        }

        if (Value("gateway.tls_certificate") is not { } certificate)
        {
            foreach (var alone in ((string[])["gateway.tls_key", "gateway.tls_port"]).Select(Value).OfType<ConfigurationValue>())
            {
                _notes.Add(new(alone.Place, $"{alone.Setting.Name} is not used: gateway.tls_certificate (CAUR_TLS_CERTIFICATE) is not set"));
            }

            return;
        }

        var port = Number("gateway.tls_port") ?? TlsFiles.DefaultPort;
        if (port != 0 && port == (Number("gateway.port") ?? 8080))
        {
            _problems.Add(new((Value("gateway.tls_port") ?? certificate).Place, $"gateway.tls_port must be another port than gateway.port, {port}"));
        }

        try
        {
            if (TlsCertificate.Load(new TlsFiles(certificate.Text, Value("gateway.tls_key")?.Text ?? certificate.Text, (int)port)).Concern(TimeProvider.System.GetUtcNow()) is { } concern)
            {
                _notes.Add(new(certificate.Place, $"gateway.tls_certificate: {concern}"));
            }
        }
        catch (TlsException wrong)
        {
            _problems.Add(new(certificate.Place, $"gateway.tls_certificate: {wrong.Message}"));
        }
    }

    private static string? Member(ConfigurationNode node, string name) =>
        node.Children.FirstOrDefault(member => member.Name == name) is { Kind: JsonValueKind.String } text ? text.Text : null;

    /// <summary>A file that was found in a data folder cannot say that the data is elsewhere.</summary>
    private void CheckDataFolder(string? path, string? dataFolder)
    {
        if (dataFolder is null && path == ConfigurationFile.InDataFolder(null, _variable)
            && Value("data") is { Place.IsFile: true } data && Path.GetFullPath(data.Text) != Path.GetDirectoryName(path))
        {
            _problems.Add(new(data.Place, $"data: this file is in another data folder; name it with --config, or move it to {Shown.Text(data.Text)}"));
        }
    }

    private void Require(string name, string what)
    {
        var setting = SettingTable.All.First(setting => setting.Name == name);
        if (!_values.TryGetValue(setting, out var value))
        {
            // What was written and could not be read is told of already.
            if (!_problems.Exists(problem =>
                problem.Text.StartsWith(name, StringComparison.Ordinal) || problem.Place.Source == $"{setting.Variable}_FILE"))
            {
                _problems.Add(new(ConfigurationPlace.Variable(setting.Variable), $"names no {what}; it wants {setting.Kind.Allowed}"));
            }
        }
        else if (Json(name) is { Children.Count: 0 })
        {
            _problems.Add(new(value.Place, $"{name} names no {what}; it wants {setting.Kind.Allowed}"));
        }
    }

    private ConfigurationValue? Value(string name) => _values.Values.FirstOrDefault(value => value.Setting.Name == name);

    private ConfigurationNode? Json(string name) => _json.FirstOrDefault(pair => pair.Key.Name == name).Value;

    private long? Number(string name) => long.TryParse(Value(name)?.Text, out var number) ? number : null;
}
