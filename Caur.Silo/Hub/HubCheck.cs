using Caur.Builder;
using Caur.Contracts.Farm;
using Caur.Storage.Files;

namespace Caur.Silo.Hub;

/// <summary>Looks at everything that a hub is told, and starts and creates nothing.</summary>
internal static class HubCheck
{
    /// <summary>What could not work, each a line for people; empty when a hub would start.</summary>
    public static IReadOnlyList<string> Problems(HubSettings settings)
    {
        var problems = new List<string>();
        var farm = new FarmOptions();
        try
        {
            FarmEnvironment.Read(farm, settings.Variable);
            problems.AddRange(FarmOptionsCheck.Problems(farm));
        }
        catch (FormatException wrong)
        {
            problems.Add(wrong.Message);
        }

        var understood = problems.Count == 0;
        try
        {
            if ((DatabaseVerb.SlotsVariable(settings.Variable) ?? settings.Slots) > 0)
            {
                problems.AddRange(AgentProblems(farm, settings, understood));
            }
        }
        catch (HubSettingsException wrong) when (understood)
        {
            problems.Add(wrong.Message);
        }
        catch (HubSettingsException)
        {
            // Most often the same variable; a check after the mend tells of what is left.
        }

        return problems;
    }

    private static IEnumerable<string> AgentProblems(FarmOptions farm, HubSettings settings, bool understood)
    {
        var agent = new BuilderOptions();
        var architectures = agent.Architectures;
        HubHost.ConfigureAgent(agent, settings, farm, DataFolders.Resolve(settings.DataFolder, settings.Variable));
        if (!understood)
        {
            // What there is to build for is not known yet, and that has its own line.
            agent.Architectures = architectures;
        }

        return new BuilderOptionsValidator().Validate(null, agent).Failures ?? [];
    }
}
